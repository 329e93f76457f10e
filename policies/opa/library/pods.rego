# METADATA
# title: The pods that an object of Kubernetes makes
# description: >-
#   The object is input.object here and input.review.object in Gatekeeper, so that both evaluate
#   the same rules. Objects come from files of anyone: what is no list of containers is malformed,
#   and never an empty list, which every policy would pass.
package compliance.library.pods

object_at_hand := input.object

object_at_hand := input.review.object

kind := object_at_hand.kind

template := object_at_hand if {
	kind == "Pod"
} else := object_at_hand.spec.jobTemplate.spec.template if {
	kind == "CronJob"
} else := object_at_hand.spec.template

# A template without a spec is malformed, not without pods: Knative's Service has one too.
is_workload if {
	kind in {
		"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController",
		"Job", "CronJob",
	}
}

is_workload if is_object(template.spec)

not_applicable contains message if {
	not is_workload
	message := sprintf("a %v has no pods", [object.get(object_at_hand, "kind", "nameless kind")])
}

malformed contains "the pod has no list of containers" if {
	is_workload
	not has_containers
}

malformed contains sprintf("%v is no list of containers", [field]) if {
	some field in {"initContainers", "ephemeralContainers"}
	not well_formed(object.get(template.spec, field, []))
}

has_containers if {
	count(template.spec.containers) > 0
	well_formed(template.spec.containers)
}

well_formed(list) if {
	is_array(list)
	every container in list {
		is_object(container)
	}
}

# Those that serve or work, in order; names tell them apart in messages.
containers := [{"name": name_of(container, index), "spec": container} |
	some index, container in template.spec.containers
]

# With those that prepare the pod and those that people attach to debug it.
every_container := array.concat(containers, others)

others := [{"name": name_of(container, index), "spec": container} |
	some field in ["initContainers", "ephemeralContainers"]
	some index, container in template.spec[field]
]

name_of(container, _) := container.name if is_string(container.name)

name_of(container, index) := sprintf("number %d", [index + 1]) if {
	not is_string(object.get(container, "name", null))
}

# What holds for a container: its own security context before that of the pod.
effective(container, field) := value if {
	value := container.spec.securityContext[field]
} else := template.spec.securityContext[field]

labels := template.metadata.labels if {
	is_object(template.metadata.labels)
} else := {}

namespace := object_at_hand.metadata.namespace if {
	is_string(object_at_hand.metadata.namespace)
} else := ""
