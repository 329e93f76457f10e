# METADATA
# title: Tests cover more of the module's statements than the floor
# description: >-
#   Code that no test runs is first run by a customer. The floor is the one that the platform
#   sets for its releases.
# custom:
#   subject: service
#   severity: medium
#   weight: 3
#   controls:
#     - "OWASP CI/CD Top 10: CICD-SEC-1 Insufficient Flow Control Mechanisms"
package compliance.policies.coverage_floor

import data.compliance.library.answer

about := answer.about(rego.metadata.chain())

verdict := answer.of(set(), failures, unknown)

unknown contains "no coverage of this revision is recorded" if {
	not is_number(object.get(input, ["coverage", "percent"], null))
}

unknown contains "a package is missing from the coverage profile" if {
	is_number(input.coverage.percent)
	not input.coverage.complete == true
}

failures contains message if {
	input.coverage.complete == true
	not above_floor
	message := sprintf(
		"%v %% of statements are covered, must exceed %v %%",
		[round(input.coverage.percent * 10) / 10, input.coverage.floor],
	)
}

above_floor if input.coverage.percent > input.coverage.floor
