package compliance.policies.pinned_actions_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.pinned_actions as policy

subject := examples.platform

test_what_passes if {
	every case in [
		[subject, ""],
		[examples.with_value(subject, "/workflows/uses", [{"file": "ci.yaml", "uses": "./.github/actions/setup"}]), ""],
		[examples.with_value(subject, "/workflows/uses", [{"file": "ci.yaml", "uses": "docker://alpine@sha256:abababababababababababababababababababababababababababababababab"}]), ""],
		[examples.with_value(subject, "/workflows/uses", []), ""],
	] {
		policy.verdict == {"outcome": "passed", "message": case[1]} with input as case[0]
	}
}

test_what_fails if {
	every case in [
		[examples.with_value(subject, "/workflows/uses", [{"file": "ci.yaml", "uses": "actions/checkout@v4"}]), "ci.yaml: actions/checkout@v4 is not pinned to a commit"],
		[examples.with_value(subject, "/workflows/uses", [{"file": "ci.yaml", "uses": "actions/checkout"}]), "ci.yaml: actions/checkout is not pinned to a commit"],
		[examples.with_value(subject, "/workflows/uses", [{"file": "ci.yaml", "uses": "actions/checkout@3f78685"}]), "ci.yaml: actions/checkout@3f78685 is not pinned to a commit"],
		[examples.with_value(subject, "/workflows/uses", [{"file": "ci.yaml", "uses": "docker://alpine:3.20"}]), "ci.yaml: docker://alpine:3.20 is not pinned to a commit"],
		[examples.with_value(subject, "/workflows/uses", [{"file": "ci.yaml", "uses": "docker://alpine@3f786850e387550fdab836ed7e6dc881de23001b"}]), "ci.yaml: docker://alpine@3f786850e387550fdab836ed7e6dc881de23001b is not pinned to a commit"],
	] {
		policy.verdict == {"outcome": "failed", "message": case[1]} with input as case[0]
	}
}

test_where_it_does_not_apply if {
	every case in [
		[examples.with_value(subject, "/workflows/files", []), "the repository has no GitHub workflows"],
	] {
		policy.verdict == {"outcome": "not_applicable", "message": case[1]} with input as case[0]
	}
}

test_where_evidence_is_missing if {
	every case in [
		[examples.without(subject, "/workflows"), "workflows were not looked for"],
		[examples.with_value(subject, "/workflows/problems", ["ci.yaml: not YAML"]), "ci.yaml: not YAML"],
	] {
		policy.verdict == {"outcome": "not_evaluated", "message": case[1]} with input as case[0]
	}
}
