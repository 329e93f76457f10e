package compliance.policies.image_digest_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.image_digest as policy

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
		[examples.with_value(subject, "/image/digest", "1.2.3"), "the recorded digest is no sha256"],
		[examples.without(subject, "/image/digest"), "the recorded digest is no sha256"],
	] {
		policy.verdict == {"outcome": "failed", "message": case[1]} with input as case[0]
	}
}

test_where_it_does_not_apply if {
	every case in [
		[examples.with_value(subject, "/type", "library"), "a library has no image"],
	] {
		policy.verdict == {"outcome": "not_applicable", "message": case[1]} with input as case[0]
	}
}

test_where_evidence_is_missing if {
	every case in [
		[examples.with_value(subject, "/image", null), "no image of this revision is recorded"],
	] {
		policy.verdict == {"outcome": "not_evaluated", "message": case[1]} with input as case[0]
	}
}
