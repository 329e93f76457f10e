# METADATA
# title: Containers say what they need and what they may use
# description: >-
#   Without requests the scheduler packs a node until its pods starve; without limits one leak
#   or one flood of requests takes the memory of everyone else on the node.
# custom:
#   subject: manifest
#   severity: medium
#   weight: 3
#   controls:
#     - "NSA/CISA Kubernetes Hardening Guide 1.2: Resource policies"
#     - "CIS Kubernetes Benchmark 1.9: 5.7.3 Apply security context to your pods and containers"
package compliance.policies.resource_limits

import data.compliance.library.answer
import data.compliance.library.pods

about := answer.about(rego.metadata.chain())

verdict := answer.on_pods(failures)

failures contains message if {
	some container in array.concat(pods.containers, prepared)
	missing := [sprintf("%v.%v", [kind, resource]) |
		some kind in ["requests", "limits"]
		some resource in ["cpu", "memory"]
		not stated(container, kind, resource)
	]
	count(missing) > 0
	message := sprintf("container %v: no resources %v", [container.name, concat(", ", missing)])
}

# Ephemeral containers, which people attach to debug, cannot have resources.
prepared := [{"name": pods.name_of(container, index), "spec": container} |
	some index, container in pods.template.spec.initContainers
]

stated(container, kind, resource) if {
	amount := container.spec.resources[kind][resource]
	count(sprintf("%v", [amount])) > 0
	not amount in {null, 0, "0", false}
}
