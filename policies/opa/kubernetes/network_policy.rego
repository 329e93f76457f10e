# METADATA
# title: A network policy says who may reach the pods
# description: >-
#   In a namespace without policies every pod of the cluster reaches every other one, so that
#   the least guarded service leads to all others.
# custom:
#   subject: manifest
#   severity: high
#   weight: 5
#   controls:
#     - "CIS Kubernetes Benchmark 1.9: 5.3.2 Ensure that all Namespaces have NetworkPolicies defined"
#     - "NSA/CISA Kubernetes Hardening Guide 1.2: Network policies"
package compliance.policies.network_policy

import data.compliance.library.answer
import data.compliance.library.pods
import data.compliance.library.selectors

about := answer.about(rego.metadata.chain())

verdict := answer.on_pods(failures)

failures contains message if {
	not selected
	message := sprintf("no NetworkPolicy in %v selects the pods", [place])
}

# Overlays put manifests and policies without a namespace into the same one.
selected if {
	some policy in network_policies
	object.get(policy, ["metadata", "namespace"], "") == pods.namespace
	selectors.matches(policy.spec.podSelector, pods.labels)
}

network_policies := input.network_policies

# Where Gatekeeper asks: those that the cluster has.
network_policies := [policy |
	some policy in data.inventory.namespace[pods.namespace]["networking.k8s.io/v1"].NetworkPolicy
] if {
	input.review
}

place := sprintf("namespace %v", [pods.namespace]) if {
	pods.namespace != ""
} else := "the manifests without a namespace"
