package compliance.policies.resource_limits_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.resource_limits as policy

subject := examples.workload

test_what_passes if {
	every case in [
		[subject, ""],
	] {
		policy.verdict == {"outcome": "passed", "message": case[1]} with input as case[0]
	}
}

test_what_fails if {
	every case in [
		[examples.without(subject, concat("", [examples.container, "/resources"])), "container menu: no resources requests.cpu, requests.memory, limits.cpu, limits.memory"],
		[examples.without(subject, concat("", [examples.container, "/resources/limits/memory"])), "container menu: no resources limits.memory"],
		[examples.with_value(subject, concat("", [examples.container, "/resources/requests/cpu"]), ""), "container menu: no resources requests.cpu"],
		[examples.with_value(subject, concat("", [examples.container, "/resources/requests/cpu"]), "0"), "container menu: no resources requests.cpu"],
		[examples.with_value(subject, concat("", [examples.pod, "/initContainers"]), [{"name": "prepare", "image": "registry.example.com/shop/prepare:1.0.0"}]), "container prepare: no resources requests.cpu, requests.memory, limits.cpu, limits.memory"],
		[{"object": {"kind": "Job", "spec": {"template": {"spec": {}}}}}, "the pod has no list of containers"],
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
