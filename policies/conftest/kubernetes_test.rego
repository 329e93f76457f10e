package main_test

import data.main
import rego.v1

ids(found) := {one.id | some one in found}

test_a_committed_secret if {
	ids(main.deny) == {"secret-in-repository"} with input as {
		"kind": "Secret", "metadata": {"name": "key"}, "stringData": {"key": "x"},
	}
}

test_a_secret_that_is_filled_elsewhere if {
	count(main.deny) == 0 with input as {"kind": "Secret", "metadata": {"name": "key"}}
}

test_an_ingress_without_tls if {
	ids(main.deny) == {"ingress-without-tls"} with input as {"kind": "Ingress", "spec": {}}
}

test_an_ingress_with_tls if {
	count(main.deny) == 0 with input as {"kind": "Ingress", "spec": {"tls": [{"hosts": ["a"]}]}}
}

test_a_service_for_everybody if {
	ids(main.warn) == {"service-outside"} with input as {
		"kind": "Service", "spec": {"type": "NodePort"},
	}
}

test_a_service_within if {
	count(main.warn) == 0 with input as {"kind": "Service", "spec": {"type": "ClusterIP"}}
}
