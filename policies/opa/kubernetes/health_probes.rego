# METADATA
# title: Containers are probed for liveness and readiness
# description: >-
#   Without a readiness probe traffic reaches a pod before it can answer and after it has begun
#   to stop; without a liveness probe a hung process stays in service until a person notices.
# custom:
#   subject: manifest
#   severity: medium
#   weight: 3
#   controls:
#     - "NSA/CISA Kubernetes Hardening Guide 1.2: Kubernetes architecture overview: availability of workloads"
package compliance.policies.health_probes

import data.compliance.library.answer
import data.compliance.library.pods

about := answer.about(rego.metadata.chain())

verdict := answer.of(pods.not_applicable | finite, pods.malformed | failures, set())

finite contains message if {
	pods.kind in {"Job", "CronJob"}
	message := sprintf("a %v runs to its end and serves nobody", [pods.kind])
}

failures contains message if {
	count(finite) == 0
	some container in pods.containers
	some probe in ["livenessProbe", "readinessProbe"]
	not probed(container, probe)
	message := sprintf("container %v: no %v", [container.name, probe])
}

probed(container, probe) if {
	some how in ["httpGet", "tcpSocket", "exec", "grpc"]
	is_object(container.spec[probe][how])
}
