# METADATA
# title: Manifests that open a door, or carry what belongs in a vault
# description: >-
#   Rules for single manifests, asked by conftest: what a service or an ingress exposes, and secrets
#   that are committed. A rule returns its id beside the message; that is its name in findings.
package main

import rego.v1

deny contains {"id": "secret-in-repository", "msg": message} if {
	input.kind == "Secret"
	some field in ["data", "stringData"]
	count(object.get(input, field, {})) > 0
	message := sprintf("Secret %v: its values are committed with it", [name])
}

deny contains {"id": "ingress-without-tls", "msg": message} if {
	input.kind == "Ingress"
	count(object.get(input.spec, "tls", [])) == 0
	message := sprintf("Ingress %v: it takes requests without TLS", [name])
}

warn contains {"id": "service-outside", "msg": message} if {
	input.kind == "Service"
	input.spec.type in {"NodePort", "LoadBalancer"}
	message := sprintf("Service %v: its type %v opens it to the outside", [name, input.spec.type])
}

name := object.get(object.get(input, "metadata", {}), "name", "without a name")
