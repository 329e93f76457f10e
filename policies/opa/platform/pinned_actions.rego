# METADATA
# title: GitHub Actions are pinned to commits
# description: >-
#   A tag of an action can be moved by whoever owns it, or by whoever took over that account,
#   and then runs with the secrets of the next build.
# custom:
#   subject: platform
#   severity: high
#   weight: 5
#   controls:
#     - "OWASP CI/CD Top 10: CICD-SEC-3 Dependency Chain Abuse"
#     - "OWASP CI/CD Top 10: CICD-SEC-8 Ungoverned Usage of 3rd Party Services"
package compliance.policies.pinned_actions

import data.compliance.library.answer

about := answer.about(rego.metadata.chain())

verdict := answer.of(not_applicable, failures, unknown)

unknown contains "workflows were not looked for" if not is_object(object.get(input, "workflows", null))

not_applicable contains "the repository has no GitHub workflows" if input.workflows.files == []

unknown contains message if some message in input.workflows.problems

failures contains message if {
	some step in input.workflows.uses
	not pinned(step.uses)
	message := sprintf("%v: %v is not pinned to a commit", [step.file, step.uses])
}

# Actions of the repository itself are of its own commit.
pinned(uses) if startswith(uses, "./")

pinned(uses) if {
	not startswith(uses, "docker://")
	regex.match(`@[0-9a-f]{40}([0-9a-f]{24})?$`, uses)
}

pinned(uses) if regex.match(`^docker://.+@sha256:[0-9a-f]{64}$`, uses)
