# METADATA
# title: The service has service level objectives
# description: >-
#   Without an objective nobody can say whether the service is good enough, so a release that
#   makes it worse is not stopped and an alert has nothing to be measured against.
# custom:
#   subject: service
#   severity: medium
#   weight: 3
#   controls:
#     - "OWASP CI/CD Top 10: CICD-SEC-10 Insufficient Logging and Visibility"
package compliance.policies.slo_file

import data.compliance.library.answer

about := answer.about(rego.metadata.chain())

verdict := answer.of(not_applicable, failures, unknown)

not_applicable contains "a library serves no requests" if input.type == "library"

unknown contains "the SLO files were not looked at" if not is_object(object.get(input, "slos", null))

failures contains "no SLO file is named in the platform description" if count(input.slos.files) == 0

failures contains message if some message in input.slos.problems

failures contains "its SLO files hold no objective" if {
	count(input.slos.files) > 0
	count(input.slos.problems) == 0
	count(input.slos.names) == 0
}
