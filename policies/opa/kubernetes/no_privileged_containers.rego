# METADATA
# title: No container is privileged
# description: >-
#   A privileged container has every capability, sees every device and is not confined by
#   seccomp or AppArmor: it is a process of the node with another file system.
# custom:
#   subject: manifest
#   severity: critical
#   weight: 8
#   controls:
#     - "CIS Kubernetes Benchmark 1.9: 5.2.2 Minimize the admission of privileged containers"
#     - "CIS Kubernetes Benchmark 1.9: 5.2.11 Minimize the admission of Windows HostProcess containers"
#     - "NSA/CISA Kubernetes Hardening Guide 1.2: Pod security enforcement"
package compliance.policies.no_privileged_containers

import data.compliance.library.answer
import data.compliance.library.pods

about := answer.about(rego.metadata.chain())

verdict := answer.on_pods(failures)

failures contains message if {
	some container in pods.every_container
	said := object.get(container.spec, ["securityContext", "privileged"], false)
	not said == false
	message := sprintf("container %v is privileged", [container.name])
}

failures contains message if {
	some container in pods.every_container
	options := pods.effective(container, "windowsOptions")
	options.hostProcess == true
	message := sprintf("container %v is a process of the host", [container.name])
}
