package compliance.policies.seccomp_profile_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.seccomp_profile as policy

subject := examples.workload

test_what_passes if {
	every case in [
		[subject, ""],
		[examples.with_value(examples.without(subject, concat("", [examples.pod, "/securityContext"])), concat("", [examples.container, "/securityContext/seccompProfile"]), {"type": "Localhost"}), ""],
	] {
		policy.verdict == {"outcome": "passed", "message": case[1]} with input as case[0]
	}
}

test_what_fails if {
	every case in [
		[examples.without(subject, concat("", [examples.pod, "/securityContext"])), "container menu: no seccompProfile RuntimeDefault or Localhost"],
		[examples.with_value(subject, concat("", [examples.container, "/securityContext/seccompProfile"]), {"type": "Unconfined"}), "container menu: no seccompProfile RuntimeDefault or Localhost"],
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
