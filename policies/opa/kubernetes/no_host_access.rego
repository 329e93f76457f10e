# METADATA
# title: Pods use nothing of the node they run on
# description: >-
#   In the network of the node a pod reaches what listens for the node only; in its process
#   space it reads the environment of others; with a host path it reads their secrets and writes
#   what the kubelet starts.
# custom:
#   subject: manifest
#   severity: critical
#   weight: 8
#   controls:
#     - "CIS Kubernetes Benchmark 1.9: 5.2.3 Minimize the admission of containers sharing the host process ID namespace"
#     - "CIS Kubernetes Benchmark 1.9: 5.2.4 Minimize the admission of containers sharing the host IPC namespace"
#     - "CIS Kubernetes Benchmark 1.9: 5.2.5 Minimize the admission of containers sharing the host network namespace"
#     - "CIS Kubernetes Benchmark 1.9: 5.2.12 Minimize the admission of HostPath volumes"
#     - "CIS Kubernetes Benchmark 1.9: 5.2.13 Minimize the admission of containers which use HostPorts"
#     - "NSA/CISA Kubernetes Hardening Guide 1.2: Pod security enforcement"
package compliance.policies.no_host_access

import data.compliance.library.answer
import data.compliance.library.pods

about := answer.about(rego.metadata.chain())

verdict := answer.on_pods(failures)

failures contains message if {
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	said := object.get(pods.template.spec, field, false)
	not said == false
	message := sprintf("the pod uses %v", [field])
}

failures contains message if {
	some volume in pods.template.spec.volumes
	"hostPath" in object.keys(volume)
	message := sprintf("volume %v is a hostPath", [object.get(volume, "name", "without a name")])
}

failures contains message if {
	some container in pods.every_container
	some port in container.spec.ports
	object.get(port, "hostPort", 0) != 0
	message := sprintf("container %v takes port %v of the host", [container.name, port.hostPort])
}
