package compliance.policies.code_owners_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.code_owners as policy

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
		[examples.with_value(subject, "/code_owners/file", null), "there is no CODEOWNERS file"],
		[examples.with_value(subject, "/code_owners/owners", []), "CODEOWNERS names no owner of services/menu"],
	] {
		policy.verdict == {"outcome": "failed", "message": case[1]} with input as case[0]
	}
}

test_where_evidence_is_missing if {
	every case in [
		[examples.without(subject, "/code_owners"), "CODEOWNERS was not looked for"],
	] {
		policy.verdict == {"outcome": "not_evaluated", "message": case[1]} with input as case[0]
	}
}
