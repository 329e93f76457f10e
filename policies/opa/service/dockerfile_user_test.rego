package compliance.policies.dockerfile_user_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.dockerfile_user as policy

subject := examples.service

test_what_passes if {
	every case in [
		[subject, ""],
		[examples.with_value(subject, "/dockerfile/user", "nonroot"), ""],
	] {
		policy.verdict == {"outcome": "passed", "message": case[1]} with input as case[0]
	}
}

test_what_fails if {
	every case in [
		[examples.with_value(subject, "/dockerfile/user", "root"), "USER is root"],
		[examples.with_value(subject, "/dockerfile/user", "0:0"), "USER is 0:0"],
		[examples.with_value(subject, "/dockerfile/user", null), "the last stage has no USER, so it runs as root"],
		[examples.without(subject, "/dockerfile/user"), "the last stage has no USER, so it runs as root"],
	] {
		policy.verdict == {"outcome": "failed", "message": case[1]} with input as case[0]
	}
}

test_where_it_does_not_apply if {
	every case in [
		[examples.with_value(subject, "/type", "library"), "a library has no image"],
		[examples.with_value(subject, "/dockerfile", null), "the service has no Dockerfile"],
	] {
		policy.verdict == {"outcome": "not_applicable", "message": case[1]} with input as case[0]
	}
}

test_where_evidence_is_missing if {
	every case in [
		[examples.without(subject, "/dockerfile"), "the Dockerfile was not looked at"],
		[examples.with_value(subject, "/dockerfile/user", "$USER"), "USER is $USER, which is known to the build only"],
		[examples.with_value(subject, "/dockerfile", {"problem": "Dockerfile: is not there"}), "Dockerfile: is not there"],
	] {
		policy.verdict == {"outcome": "not_evaluated", "message": case[1]} with input as case[0]
	}
}
