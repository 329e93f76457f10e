# METADATA
# title: Containers cannot gain privileges
# description: >-
#   With escalation allowed, a set-uid program in the image makes a process root that was
#   started as somebody else, so that running as non-root is worth little.
# custom:
#   subject: manifest
#   severity: high
#   weight: 5
#   controls:
#     - "CIS Kubernetes Benchmark 1.9: 5.2.6 Minimize the admission of containers with allowPrivilegeEscalation"
#     - "NSA/CISA Kubernetes Hardening Guide 1.2: Pod security enforcement"
package compliance.policies.no_privilege_escalation

import data.compliance.library.answer
import data.compliance.library.pods

about := answer.about(rego.metadata.chain())

verdict := answer.on_pods(failures)

failures contains message if {
	some container in pods.every_container
	not container.spec.securityContext.allowPrivilegeEscalation == false
	message := sprintf("container %v: allowPrivilegeEscalation is not false", [container.name])
}
