package compliance.policies.network_policy_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.network_policy as policy

subject := examples.workload

test_what_passes if {
	every case in [
		[subject, ""],
		[examples.with_value(subject, "/network_policies", [{"metadata": {}, "spec": {"podSelector": {"matchLabels": {"app": "menu"}}}}]), ""],
		[examples.with_value(examples.with_value(subject, "/network_policies", [{"metadata": {"namespace": "shop"}, "spec": {"podSelector": {}}}]), "/object/metadata/namespace", "shop"), ""],
	] {
		policy.verdict == {"outcome": "passed", "message": case[1]} with input as case[0]
	}
}

test_what_fails if {
	every case in [
		[examples.without(subject, "/network_policies"), "no NetworkPolicy in the manifests without a namespace selects the pods"],
		[examples.with_value(subject, "/network_policies", [{"metadata": {}, "spec": {"podSelector": {"matchLabels": {"app": "orders"}}}}]), "no NetworkPolicy in the manifests without a namespace selects the pods"],
		[examples.with_value(subject, "/network_policies", [{"metadata": {}, "spec": {}}]), "no NetworkPolicy in the manifests without a namespace selects the pods"],
		[examples.with_value(subject, "/object/metadata/namespace", "shop"), "no NetworkPolicy in namespace shop selects the pods"],
		[{"object": {"kind": "Job"}}, "no NetworkPolicy in the manifests without a namespace selects the pods; the pod has no list of containers"],
	] {
		policy.verdict == {"outcome": "failed", "message": case[1]} with input as case[0]
	}
}

test_where_it_does_not_apply if {
	every case in [
		[{"object": {"kind": "Service"}}, "a Service has no pods"],
	] {
		policy.verdict == {"outcome": "not_applicable", "message": case[1]} with input as case[0]
	}
}
