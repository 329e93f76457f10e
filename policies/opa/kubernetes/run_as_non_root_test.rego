package compliance.policies.run_as_non_root_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.run_as_non_root as policy

subject := examples.workload

test_what_passes if {
	every case in [
		[subject, ""],
		[examples.with_value(examples.without(subject, concat("", [examples.pod, "/securityContext/runAsNonRoot"])), concat("", [examples.container, "/securityContext/runAsUser"]), 65532), ""],
	] {
		policy.verdict == {"outcome": "passed", "message": case[1]} with input as case[0]
	}
}

test_what_fails if {
	every case in [
		[examples.without(subject, concat("", [examples.pod, "/securityContext"])), "container menu: neither runAsNonRoot nor a runAsUser above 0"],
		[examples.with_value(subject, concat("", [examples.container, "/securityContext/runAsNonRoot"]), false), "container menu: neither runAsNonRoot nor a runAsUser above 0"],
		[examples.with_value(subject, concat("", [examples.container, "/securityContext/runAsUser"]), 0), "container menu: runAsUser is 0"],
		[examples.with_value(subject, concat("", [examples.pod, "/securityContext/runAsUser"]), 0), "container menu: runAsUser is 0"],
		[examples.with_value(subject, concat("", [examples.pod, "/initContainers"]), [{"name": "prepare", "securityContext": {"runAsUser": 0}}]), "container prepare: runAsUser is 0"],
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
