# METADATA
# title: The service's image is signed
# description: >-
#   A signature that is checked before a deployment keeps out what did not come from the
#   pipeline, however it got into the registry.
# custom:
#   subject: service
#   severity: high
#   weight: 5
#   controls:
#     - "OWASP CI/CD Top 10: CICD-SEC-9 Improper Artifact Integrity Validation"
#     - "CIS Kubernetes Benchmark 1.9: 5.5.1 Configure image provenance"
package compliance.policies.image_signed

import data.compliance.library.answer

about := answer.about(rego.metadata.chain())

verdict := answer.of(not_applicable, failures, set())

not_applicable contains "a library has no image" if input.type == "library"

not_applicable contains "no signatures are recorded here: nothing signs or verifies images" if {
	input.type != "library"
	not is_array(object.get(input, ["image", "signatures"], null))
}

not_applicable contains "what is to be signed is not known" if not input.type

failures contains "no signature of the image was verified" if {
	verified := [signature | some signature in input.image.signatures; signature.verified == true]
	verified == []
}
