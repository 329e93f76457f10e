package compliance.policies.health_probes_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.health_probes as policy

subject := examples.workload

test_what_passes if {
	every case in [
		[subject, ""],
		[examples.with_value(subject, concat("", [examples.container, "/livenessProbe"]), {"exec": {"command": ["true"]}}), ""],
	] {
		policy.verdict == {"outcome": "passed", "message": case[1]} with input as case[0]
	}
}

test_what_fails if {
	every case in [
		[examples.without(subject, concat("", [examples.container, "/livenessProbe"])), "container menu: no livenessProbe"],
		[examples.without(subject, concat("", [examples.container, "/readinessProbe"])), "container menu: no readinessProbe"],
		[examples.with_value(subject, concat("", [examples.container, "/readinessProbe"]), {"periodSeconds": 5}), "container menu: no readinessProbe"],
		[{"object": {"kind": "Deployment"}}, "the pod has no list of containers"],
	] {
		policy.verdict == {"outcome": "failed", "message": case[1]} with input as case[0]
	}
}

test_where_it_does_not_apply if {
	every case in [
		[{"object": {"kind": "Service"}}, "a Service has no pods"],
		[{"object": {"kind": "CronJob"}}, "a CronJob runs to its end and serves nobody"],
	] {
		policy.verdict == {"outcome": "not_applicable", "message": case[1]} with input as case[0]
	}
}
