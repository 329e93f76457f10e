package compliance.policies.coverage_floor_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.coverage_floor as policy

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
		[examples.with_value(subject, "/coverage/percent", 71.26), "71.3 % of statements are covered, must exceed 80 %"],
		[examples.with_value(subject, "/coverage/percent", 80), "80 % of statements are covered, must exceed 80 %"],
	] {
		policy.verdict == {"outcome": "failed", "message": case[1]} with input as case[0]
	}
}

test_where_evidence_is_missing if {
	every case in [
		[examples.with_value(subject, "/coverage", null), "no coverage of this revision is recorded"],
		[examples.without(subject, "/coverage"), "no coverage of this revision is recorded"],
		[examples.with_value(subject, "/coverage/percent", null), "no coverage of this revision is recorded"],
		[examples.with_value(subject, "/coverage/complete", false), "a package is missing from the coverage profile"],
	] {
		policy.verdict == {"outcome": "not_evaluated", "message": case[1]} with input as case[0]
	}
}
