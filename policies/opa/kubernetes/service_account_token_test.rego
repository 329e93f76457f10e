package compliance.policies.service_account_token_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.service_account_token as policy

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
		[examples.without(subject, concat("", [examples.pod, "/automountServiceAccountToken"])), "automountServiceAccountToken is not false"],
		[examples.with_value(subject, concat("", [examples.pod, "/automountServiceAccountToken"]), true), "automountServiceAccountToken is not false"],
		[{"object": {"kind": "Job", "spec": {"template": {"spec": {}}}}}, "automountServiceAccountToken is not false; the pod has no list of containers"],
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
