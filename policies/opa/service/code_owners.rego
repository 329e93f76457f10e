# METADATA
# title: CODEOWNERS names owners of the service
# description: >-
#   Where nobody owns a service, changes to it are approved by whoever is at hand, and its
#   alerts and findings are everybody's and so nobody's.
# custom:
#   subject: service
#   severity: medium
#   weight: 2
#   controls:
#     - "OWASP CI/CD Top 10: CICD-SEC-1 Insufficient Flow Control Mechanisms"
#     - "OWASP CI/CD Top 10: CICD-SEC-2 Inadequate Identity and Access Management"
package compliance.policies.code_owners

import data.compliance.library.answer

about := answer.about(rego.metadata.chain())

verdict := answer.of(set(), failures, unknown)

unknown contains "CODEOWNERS was not looked for" if not is_object(object.get(input, "code_owners", null))

failures contains "there is no CODEOWNERS file" if input.code_owners.file == null

failures contains message if {
	is_string(input.code_owners.file)
	count(input.code_owners.owners) == 0
	message := sprintf("%v names no owner of %v", [input.code_owners.file, input.module])
}
