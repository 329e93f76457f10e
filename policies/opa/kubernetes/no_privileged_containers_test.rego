package compliance.policies.no_privileged_containers_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.no_privileged_containers as policy

subject := examples.workload

test_what_passes if {
	every case in [
		[subject, ""],
		[examples.with_value(subject, concat("", [examples.container, "/securityContext/privileged"]), false), ""],
		[examples.without(subject, concat("", [examples.container, "/securityContext"])), ""],
	] {
		policy.verdict == {"outcome": "passed", "message": case[1]} with input as case[0]
	}
}

test_what_fails if {
	every case in [
		[examples.with_value(subject, concat("", [examples.container, "/securityContext/privileged"]), true), "container menu is privileged"],
		[examples.with_value(subject, concat("", [examples.pod, "/ephemeralContainers"]), [{"name": "debug", "securityContext": {"privileged": true}}]), "container debug is privileged"],
		[examples.with_value(subject, concat("", [examples.pod, "/securityContext/windowsOptions"]), {"hostProcess": true}), "container menu is a process of the host"],
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
