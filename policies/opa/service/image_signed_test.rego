package compliance.policies.image_signed_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.image_signed as policy

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
		[examples.with_value(subject, "/image/signatures", []), "no signature of the image was verified"],
		[examples.with_value(subject, "/image/signatures", [{"verified": false}]), "no signature of the image was verified"],
	] {
		policy.verdict == {"outcome": "failed", "message": case[1]} with input as case[0]
	}
}

test_where_it_does_not_apply if {
	every case in [
		[examples.with_value(subject, "/type", "library"), "a library has no image"],
		[examples.with_value(subject, "/image/signatures", null), "no signatures are recorded here: nothing signs or verifies images"],
		[examples.with_value(subject, "/image", null), "no signatures are recorded here: nothing signs or verifies images"],
	] {
		policy.verdict == {"outcome": "not_applicable", "message": case[1]} with input as case[0]
	}
}
