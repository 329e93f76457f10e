package compliance.policies.immutable_image_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.immutable_image as policy

subject := examples.workload

test_what_passes if {
	every case in [
		[subject, ""],
		[examples.with_value(subject, concat("", [examples.container, "/image"]), "menu@sha256:abababababababababababababababababababababababababababababababab"), ""],
		[examples.with_value(subject, concat("", [examples.container, "/image"]), "menu:latest@sha256:abababababababababababababababababababababababababababababababab"), ""],
		[examples.with_value(subject, concat("", [examples.container, "/image"]), "menu:v1.2.3"), ""],
		[examples.with_value(subject, concat("", [examples.container, "/image"]), "localhost:5000/shop/menu:1.2.3-rc.1"), ""],
		[examples.with_value(subject, concat("", [examples.container, "/image"]), "menu:main-3f78685"), ""],
		[examples.with_value(subject, concat("", [examples.container, "/image"]), "menu:3f786850e387550fdab836ed7e6dc881de23001b"), ""],
		[examples.with_value(subject, concat("", [examples.container, "/image"]), "menu:20260105"), ""],
	] {
		policy.verdict == {"outcome": "passed", "message": case[1]} with input as case[0]
	}
}

test_what_fails if {
	every case in [
		[examples.with_value(subject, concat("", [examples.container, "/image"]), "menu"), "container menu: the tag of menu may be moved; name a digest or a full version"],
		[examples.with_value(subject, concat("", [examples.container, "/image"]), "menu:latest"), "container menu: the tag of menu:latest may be moved; name a digest or a full version"],
		[examples.with_value(subject, concat("", [examples.container, "/image"]), "menu:1"), "container menu: the tag of menu:1 may be moved; name a digest or a full version"],
		[examples.with_value(subject, concat("", [examples.container, "/image"]), "menu:1.26"), "container menu: the tag of menu:1.26 may be moved; name a digest or a full version"],
		[examples.with_value(subject, concat("", [examples.container, "/image"]), "menu:stable"), "container menu: the tag of menu:stable may be moved; name a digest or a full version"],
		[examples.with_value(subject, concat("", [examples.container, "/image"]), "localhost:5000/shop/menu"), "container menu: the tag of localhost:5000/shop/menu may be moved; name a digest or a full version"],
		[examples.with_value(subject, concat("", [examples.container, "/image"]), "menu@sha256:abc"), "container menu: the tag of menu@sha256:abc may be moved; name a digest or a full version"],
		[examples.without(subject, concat("", [examples.container, "/image"])), "container menu: no image"],
		[{"object": {"kind": "Job", "spec": {"template": {"spec": {}}}}}, "the pod has no list of containers"],
	] {
		policy.verdict == {"outcome": "failed", "message": case[1]} with input as case[0]
	}
}

test_where_it_does_not_apply if {
	every case in [
		[{"object": {"kind": "Service"}}, "a Service has no pods"],
	] {
		policy.verdict == {"outcome": "not_applicable", "message": case[1]} with input as case[0]
	}
}
