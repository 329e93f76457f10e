# METADATA
# title: The root file system of containers is read-only
# description: >-
#   Whoever gets code to run in a container wants to keep it there: to download a tool, to
#   replace the program, to leave a web shell. Where nothing can be written, that needs a second
#   flaw, and what a service writes is seen in its volumes.
# custom:
#   subject: manifest
#   severity: medium
#   weight: 3
#   controls:
#     - "NSA/CISA Kubernetes Hardening Guide 1.2: Immutable container file systems"
#     - "CIS Kubernetes Benchmark 1.9: 5.7.3 Apply security context to your pods and containers"
package compliance.policies.read_only_root_filesystem

import data.compliance.library.answer
import data.compliance.library.pods

about := answer.about(rego.metadata.chain())

verdict := answer.on_pods(failures)

failures contains message if {
	some container in pods.every_container
	not container.spec.securityContext.readOnlyRootFilesystem == true
	message := sprintf("container %v: readOnlyRootFilesystem is not true", [container.name])
}
