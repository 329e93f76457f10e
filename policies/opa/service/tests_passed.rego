# METADATA
# title: All tests of the service's module pass
# description: >-
#   A release with a failing test is one that is known to be broken in a way that somebody once
#   cared about; one without any test is not known to work.
# custom:
#   subject: service
#   severity: high
#   weight: 5
#   controls:
#     - "OWASP CI/CD Top 10: CICD-SEC-1 Insufficient Flow Control Mechanisms"
package compliance.policies.tests_passed

import data.compliance.library.answer

about := answer.about(rego.metadata.chain())

verdict := answer.of(set(), failures, unknown)

unknown contains "no test run of this revision is recorded" if not is_object(object.get(input, "tests", null))

unknown contains message if {
	input.tests.outcome in {"not_run", "tool_failed", "dependency_missing"}
	message := sprintf("the tests could not be run: %v", [input.tests.outcome])
}

failures contains message if {
	is_object(input.tests)
	not object.get(input.tests, "outcome", null) in {"ok", "not_run", "tool_failed", "dependency_missing"}
	message := sprintf("tests: %v, %v failed", [object.get(input.tests, "outcome", "?"), object.get(input.tests, "failed", "?")])
}

failures contains "no test passed, since there is none" if {
	input.tests.outcome == "ok"
	not some_passed
}

some_passed if input.tests.passed > 0
