package compliance.policies.tests_passed_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.tests_passed as policy

subject := examples.service

test_what_passes if {
	every case in [
		[subject, ""],
	] {
		policy.verdict == {"outcome": "passed", "message": case[1]} with input as case[0]
	}
}

test_what_fails if {
	every case in [
		[examples.with_value(subject, "/tests", {"outcome": "failed", "passed": 3, "failed": 2}), "tests: failed, 2 failed"],
		[examples.with_value(subject, "/tests", {"outcome": "no_tests", "passed": 0, "failed": 0}), "tests: no_tests, 0 failed"],
		[examples.with_value(subject, "/tests", {"outcome": "ok", "passed": 0}), "no test passed, since there is none"],
		[examples.with_value(subject, "/tests", {"outcome": "ok"}), "no test passed, since there is none"],
		[examples.with_value(subject, "/tests", {}), "tests: ?, ? failed"],
	] {
		policy.verdict == {"outcome": "failed", "message": case[1]} with input as case[0]
	}
}

test_where_evidence_is_missing if {
	every case in [
		[examples.without(subject, "/tests"), "no test run of this revision is recorded"],
		[examples.with_value(subject, "/tests", null), "no test run of this revision is recorded"],
		[examples.with_value(subject, "/tests", {"outcome": "not_run"}), "the tests could not be run: not_run"],
	] {
		policy.verdict == {"outcome": "not_evaluated", "message": case[1]} with input as case[0]
	}
}
