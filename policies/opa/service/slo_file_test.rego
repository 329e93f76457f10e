package compliance.policies.slo_file_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.slo_file as policy

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
		[examples.with_value(subject, "/slos/files", []), "no SLO file is named in the platform description"],
		[examples.with_value(subject, "/slos/problems", ["slo.yaml:3: no kind"]), "slo.yaml:3: no kind"],
		[examples.with_value(subject, "/slos/names", []), "its SLO files hold no objective"],
	] {
		policy.verdict == {"outcome": "failed", "message": case[1]} with input as case[0]
	}
}

test_where_it_does_not_apply if {
	every case in [
		[examples.with_value(subject, "/type", "library"), "a library serves no requests"],
	] {
		policy.verdict == {"outcome": "not_applicable", "message": case[1]} with input as case[0]
	}
}

test_where_evidence_is_missing if {
	every case in [
		[examples.without(subject, "/slos"), "the SLO files were not looked at"],
	] {
		policy.verdict == {"outcome": "not_evaluated", "message": case[1]} with input as case[0]
	}
}
