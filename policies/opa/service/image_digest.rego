# METADATA
# title: The digest of the service's image is recorded
# description: >-
#   Only a digest says that what was tested and scanned is what is deployed. Where none is
#   recorded, nobody can tell later what ran.
# custom:
#   subject: service
#   severity: high
#   weight: 5
#   controls:
#     - "OWASP CI/CD Top 10: CICD-SEC-9 Improper Artifact Integrity Validation"
#     - "CIS Kubernetes Benchmark 1.9: 5.5.1 Configure image provenance"
package compliance.policies.image_digest

import data.compliance.library.answer

about := answer.about(rego.metadata.chain())

verdict := answer.of(not_applicable, failures, unknown)

not_applicable contains "a library has no image" if input.type == "library"

unknown contains "no image of this revision is recorded" if not is_object(object.get(input, "image", null))

failures contains "the recorded digest is no sha256" if {
	is_object(input.image)
	not regex.match(`^sha256:[0-9a-f]{64}$`, object.get(input.image, "digest", ""))
}
