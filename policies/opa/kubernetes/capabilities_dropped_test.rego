package compliance.policies.capabilities_dropped_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.capabilities_dropped as policy

subject := examples.workload

test_what_passes if {
	every case in [
		[subject, ""],
		[examples.with_value(subject, concat("", [examples.container, "/securityContext/capabilities/drop"]), ["all"]), ""],
		[examples.with_value(subject, concat("", [examples.container, "/securityContext/capabilities/add"]), ["NET_BIND_SERVICE"]), ""],
	] {
		policy.verdict == {"outcome": "passed", "message": case[1]} with input as case[0]
	}
}

test_what_fails if {
	every case in [
		[examples.without(subject, concat("", [examples.container, "/securityContext"])), "container menu: capabilities.drop is without ALL"],
		[examples.with_value(subject, concat("", [examples.container, "/securityContext/capabilities/drop"]), ["NET_RAW"]), "container menu: capabilities.drop is without ALL"],
		[examples.with_value(subject, concat("", [examples.container, "/securityContext/capabilities/add"]), ["SYS_ADMIN"]), "container menu: adds the capability SYS_ADMIN"],
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
