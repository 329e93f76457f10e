# METADATA
# title: What a policy says of itself, and how it answers
# description: >-
#   An answer is passed, failed, not_evaluated (the policy applies, its evidence is missing) or
#   not_applicable. Everything but passed has a message.
package compliance.library.answer

import data.compliance.library.pods

# Of all annotations above the rule that asks, those of its package.
about(chain) := {
	"title": annotations.title,
	"rationale": annotations.description,
	"subject": annotations.custom.subject,
	"severity": annotations.custom.severity,
	"weight": annotations.custom.weight,
	"controls": annotations.custom.controls,
} if {
	some link in chain
	annotations := link.annotations
	annotations.scope == "package"
}

# The first of these that has a message, else passed. All three are sets of messages.
of(not_applicable, failures, unknown) := {
	"outcome": "not_applicable",
	"message": one_line(not_applicable),
} if {
	count(not_applicable) > 0
} else := {"outcome": "failed", "message": one_line(failures)} if {
	count(failures) > 0
} else := {"outcome": "not_evaluated", "message": one_line(unknown)} if {
	count(unknown) > 0
} else := {"outcome": "passed", "message": ""}

# The answer on an object of Kubernetes: it needs pods, and they must be readable.
on_pods(failures) := of(pods.not_applicable, pods.malformed | failures, set())

one_line(messages) := concat("; ", sort(messages))
