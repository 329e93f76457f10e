# METADATA
# title: Containers run as a user that is not root
# description: >-
#   A process that is root in its container is root on the node as soon as it finds a way out of
#   it: a flaw in the kernel or in the runtime, or a mounted socket, is then enough to own the
#   node.
# custom:
#   subject: manifest
#   severity: high
#   weight: 5
#   controls:
#     - "CIS Kubernetes Benchmark 1.9: 5.2.7 Minimize the admission of root containers"
#     - "NSA/CISA Kubernetes Hardening Guide 1.2: Non-root containers"
package compliance.policies.run_as_non_root

import data.compliance.library.answer
import data.compliance.library.pods

about := answer.about(rego.metadata.chain())

verdict := answer.on_pods(failures)

failures contains message if {
	some container in pods.every_container
	not is_root(container)
	not non_root(container)
	message := sprintf("container %v: neither runAsNonRoot nor a runAsUser above 0", [container.name])
}

failures contains message if {
	some container in pods.every_container
	is_root(container)
	message := sprintf("container %v: runAsUser is 0", [container.name])
}

non_root(container) if pods.effective(container, "runAsNonRoot") == true

non_root(container) if {
	user := pods.effective(container, "runAsUser")
	is_number(user)
	user > 0
}

is_root(container) if pods.effective(container, "runAsUser") == 0
