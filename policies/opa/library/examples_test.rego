# METADATA
# title: Subjects that meet every policy, for tests to break
package compliance.library.examples_test

workload := {
	"id": "manifest:deploy/menu.yaml#Deployment/menu",
	"kind": "manifest",
	"object": {
		"apiVersion": "apps/v1",
		"kind": "Deployment",
		"metadata": {"name": "menu"},
		"spec": {"template": {
			"metadata": {"labels": {"app": "menu"}},
			"spec": {
				"automountServiceAccountToken": false,
				"securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
				"volumes": [{"name": "scratch", "emptyDir": {}}],
				"containers": [{
					"name": "menu",
					"image": "registry.example.com/shop/menu:1.4.2",
					"ports": [{"containerPort": 8080}],
					"livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}},
					"readinessProbe": {"grpc": {"port": 8080}},
					"resources": {
						"requests": {"cpu": "50m", "memory": "64Mi"},
						"limits": {"cpu": 1, "memory": "128Mi"},
					},
					"securityContext": {
						"allowPrivilegeEscalation": false,
						"readOnlyRootFilesystem": true,
						"capabilities": {"drop": ["ALL"]},
					},
				}],
			},
		}},
	},
	"network_policies": [{"metadata": {"name": "all"}, "spec": {"podSelector": {}}}],
}

service := {
	"id": "service:menu",
	"kind": "service",
	"service": "menu",
	"type": "service",
	"module": "services/menu",
	"slos": {"files": ["services/menu/slo.yaml"], "names": ["menu-availability"], "problems": []},
	"tests": {"outcome": "ok", "passed": 12, "failed": 0},
	"coverage": {"percent": 91.5, "complete": true, "floor": 80},
	"scans": [{"tool": "gosec", "outcome": "completed"}],
	"critical_findings": [],
	"image": {"digest": digest, "signatures": [{"verified": true}]},
	"dockerfile": {"path": "services/menu/Dockerfile", "user": "65532:65532"},
	"code_owners": {"file": "CODEOWNERS", "owners": ["@shop/menu"]},
}

platform := {
	"id": "platform:shop",
	"kind": "platform",
	"workflows": {
		"files": [".github/workflows/build.yaml"],
		"uses": [{"file": ".github/workflows/build.yaml", "uses": pinned_action}],
		"problems": [],
	},
	"commits": [{
		"revision": "3f786850e387550fdab836ed7e6dc881de23001b",
		"author": "ada@example.com",
		"committer": "ada@example.com",
		"reviewers": ["grace@example.com"],
	}],
}

digest := "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

pinned_action := "actions/checkout@3f786850e387550fdab836ed7e6dc881de23001b"

pod := "/object/spec/template/spec"

container := "/object/spec/template/spec/containers/0"

# A subject with one value set, or taken away.
with_value(subject, path, value) := json.patch(subject, [{"op": "add", "path": path, "value": value}])

without(subject, path) := json.patch(subject, [{"op": "remove", "path": path}])
