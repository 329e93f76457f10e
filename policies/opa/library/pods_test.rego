package compliance.library.pods_test

import data.compliance.library.pods

containers := [{"name": "a"}]

test_pods_of_every_kind if {
	every kind, object in {
		"Pod": {"kind": "Pod", "spec": {"containers": containers}},
		"Deployment": {"kind": "Deployment", "spec": {"template": {"spec": {"containers": containers}}}},
		"CronJob": {
			"kind": "CronJob",
			"spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": containers}}}}},
		},
		"Rollout": {"kind": "Rollout", "spec": {"template": {"spec": {"containers": containers}}}},
	} {
		object.kind == kind
		pods.containers == [{"name": "a", "spec": {"name": "a"}}] with input as {"object": object}
		pods.containers == [{"name": "a", "spec": {"name": "a"}}] with input as {"review": {"object": object}}
		pods.not_applicable == set() with input as {"object": object}
		pods.malformed == set() with input as {"object": object}
	}
}

test_what_has_no_pods if {
	pods.not_applicable == {"a Service has no pods"} with input as {"object": {"kind": "Service", "spec": {}}}
	pods.not_applicable == {"a nameless kind has no pods"} with input as {"object": {}}
}

test_broken_pods_are_malformed if {
	every spec in [{}, {"containers": []}, {"containers": "a"}, {"containers": [1]}, {"containers": {"a": 1}}] {
		object := {"kind": "Deployment", "spec": {"template": {"spec": spec}}}
		pods.malformed == {"the pod has no list of containers"} with input as {"object": object}
	}
	pods.malformed == {"the pod has no list of containers"} with input as {"object": {"kind": "Job"}}
	object := {"kind": "Pod", "spec": {"containers": containers, "initContainers": {}}}
	pods.malformed == {"initContainers is no list of containers"} with input as {"object": object}
}

test_a_container_comes_before_its_pod if {
	container := {"spec": {"securityContext": {"runAsNonRoot": false}}}
	object := {"kind": "Pod", "spec": {"securityContext": {"runAsNonRoot": true, "runAsUser": 5}}}
	pods.effective(container, "runAsNonRoot") == false with input as {"object": object}
	pods.effective(container, "runAsUser") == 5 with input as {"object": object}
}

test_containers_without_names if {
	object := {"kind": "Pod", "spec": {"containers": [{}], "initContainers": [{"name": 5}]}}
	[container.name | some container in pods.every_container] == ["number 1", "number 1"] with input as {"object": object}
}
