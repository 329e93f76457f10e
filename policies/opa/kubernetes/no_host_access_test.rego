package compliance.policies.no_host_access_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.no_host_access as policy

subject := examples.workload

test_what_passes if {
	every case in [
		[subject, ""],
		[examples.with_value(subject, concat("", [examples.pod, "/hostNetwork"]), false), ""],
		[examples.with_value(subject, concat("", [examples.container, "/ports/0/hostPort"]), 0), ""],
	] {
		policy.verdict == {"outcome": "passed", "message": case[1]} with input as case[0]
	}
}

test_what_fails if {
	every case in [
		[examples.with_value(subject, concat("", [examples.pod, "/hostNetwork"]), true), "the pod uses hostNetwork"],
		[examples.with_value(subject, concat("", [examples.pod, "/hostPID"]), true), "the pod uses hostPID"],
		[examples.with_value(subject, concat("", [examples.pod, "/hostIPC"]), true), "the pod uses hostIPC"],
		[examples.with_value(subject, concat("", [examples.pod, "/volumes/0"]), {"name": "logs", "hostPath": {"path": "/var/log"}}), "volume logs is a hostPath"],
		[examples.with_value(subject, concat("", [examples.container, "/ports/0/hostPort"]), 80), "container menu takes port 80 of the host"],
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
