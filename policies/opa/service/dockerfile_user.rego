# METADATA
# title: The Dockerfile sets a user that is not root
# description: >-
#   An image runs as root unless it says otherwise, and manifests get copied without their
#   security context. The image itself must be safe to start.
# custom:
#   subject: service
#   severity: high
#   weight: 5
#   controls:
#     - "CIS Docker Benchmark 1.6: 4.1 Ensure that a user for the container has been created"
#     - "NSA/CISA Kubernetes Hardening Guide 1.2: Non-root containers"
package compliance.policies.dockerfile_user

import data.compliance.library.answer

about := answer.about(rego.metadata.chain())

verdict := answer.of(not_applicable, failures, unknown)

not_applicable contains "a library has no image" if input.type == "library"

not_applicable contains "the service has no Dockerfile" if {
	input.type != "library"
	input.dockerfile == null
}

unknown contains "the Dockerfile was not looked at" if not "dockerfile" in object.keys(input)

unknown contains input.dockerfile.problem if readable_problem

readable_problem if is_string(input.dockerfile.problem)

# The user of the last stage: the last USER in it, else that of the stage it is built on.
failures contains "the last stage has no USER, so it runs as root" if {
	is_object(input.dockerfile)
	not readable_problem
	not is_string(object.get(input.dockerfile, "user", null))
}

failures contains message if {
	user := split(input.dockerfile.user, ":")[0]
	user in {"0", "root", ""}
	message := sprintf("USER is %v", [input.dockerfile.user])
}

unknown contains message if {
	contains(input.dockerfile.user, "$")
	message := sprintf("USER is %v, which is known to the build only", [input.dockerfile.user])
}
