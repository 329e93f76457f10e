# METADATA
# title: Images are named by a digest or by a tag that does not move
# description: >-
#   What latest means changes between two starts of the same manifest: what was tested is not
#   what runs, a rollback brings back nothing, and whoever can push to the registry is in
#   production.
# custom:
#   subject: manifest
#   severity: high
#   weight: 5
#   controls:
#     - "OWASP CI/CD Top 10: CICD-SEC-9 Improper Artifact Integrity Validation"
#     - "OWASP CI/CD Top 10: CICD-SEC-3 Dependency Chain Abuse"
#     - "CIS Kubernetes Benchmark 1.9: 5.5.1 Configure image provenance"
#     - "NSA/CISA Kubernetes Hardening Guide 1.2: Building secure container images"
package compliance.policies.immutable_image

import data.compliance.library.answer
import data.compliance.library.pods

about := answer.about(rego.metadata.chain())

verdict := answer.on_pods(failures)

failures contains message if {
	some container in pods.every_container
	not is_string(object.get(container.spec, "image", null))
	message := sprintf("container %v: no image", [container.name])
}

failures contains message if {
	some container in pods.every_container
	not has_digest(container.spec.image)
	not fixed(tag(container.spec.image))
	message := sprintf(
		"container %v: the tag of %v may be moved; name a digest or a full version",
		[container.name, container.spec.image],
	)
}

has_digest(image) if regex.match(`@sha256:[0-9a-f]{64}$`, image)

# A port of the registry is no tag: only the last part of the path has one.
tag(image) := parts[1] if {
	segments := split(image, "/")
	parts := split(segments[count(segments) - 1], ":")
	count(parts) == 2
} else := "latest"

fixed(name) if regex.match(`^v?[0-9]+\.[0-9]+\.[0-9]+([-._+][0-9A-Za-z._+-]+)?$`, name)

# A commit, or a date and time of a build.
fixed(name) if regex.match(`(^|[-_.])([0-9a-f]{7,64}|[0-9]{8,14})$`, name)
