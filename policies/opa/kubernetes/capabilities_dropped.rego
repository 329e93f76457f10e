# METADATA
# title: Containers drop all capabilities of the kernel
# description: >-
#   The default set lets a container forge packets, change owners of files and make device
#   nodes. A Go service needs none of it but, at most, the right to bind a port below 1024.
# custom:
#   subject: manifest
#   severity: medium
#   weight: 3
#   controls:
#     - "CIS Kubernetes Benchmark 1.9: 5.2.8 Minimize the admission of containers with the NET_RAW capability"
#     - "CIS Kubernetes Benchmark 1.9: 5.2.9 Minimize the admission of containers with added capabilities"
#     - "CIS Kubernetes Benchmark 1.9: 5.2.10 Minimize the admission of containers with capabilities assigned"
#     - "NSA/CISA Kubernetes Hardening Guide 1.2: Pod security enforcement"
package compliance.policies.capabilities_dropped

import data.compliance.library.answer
import data.compliance.library.pods

about := answer.about(rego.metadata.chain())

verdict := answer.on_pods(failures)

allowed := {"NET_BIND_SERVICE"}

failures contains message if {
	some container in pods.every_container
	not drops_all(container)
	message := sprintf("container %v: capabilities.drop is without ALL", [container.name])
}

failures contains message if {
	some container in pods.every_container
	some capability in container.spec.securityContext.capabilities.add
	not capability in allowed
	message := sprintf("container %v: adds the capability %v", [container.name, capability])
}

drops_all(container) if {
	some capability in container.spec.securityContext.capabilities.drop
	upper(capability) == "ALL"
}
