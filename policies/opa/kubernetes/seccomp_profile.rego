# METADATA
# title: Containers are confined by a seccomp profile
# description: >-
#   The kernel has hundreds of system calls that no service uses and in which ways out of
#   containers have been found. Without a profile all of them are open.
# custom:
#   subject: manifest
#   severity: medium
#   weight: 3
#   controls:
#     - "CIS Kubernetes Benchmark 1.9: 5.7.2 Ensure that the seccomp profile is set to docker/default in your pod definitions"
#     - "NSA/CISA Kubernetes Hardening Guide 1.2: Hardening container environments"
package compliance.policies.seccomp_profile

import data.compliance.library.answer
import data.compliance.library.pods

about := answer.about(rego.metadata.chain())

verdict := answer.on_pods(failures)

failures contains message if {
	some container in pods.every_container
	not confined(container)
	message := sprintf("container %v: no seccompProfile RuntimeDefault or Localhost", [container.name])
}

confined(container) if {
	pods.effective(container, "seccompProfile").type in {"RuntimeDefault", "Localhost"}
}
