package compliance.policies.no_critical_findings_test

import data.compliance.library.examples_test as examples
import data.compliance.policies.no_critical_findings as policy

subject := examples.service

test_what_passes if {
	every case in [
		[subject, ""],
	] {
		policy.verdict == {"outcome": "passed", "message": case[1]} with input as case[0]
	}
}

test_what_fails if {
	every case in [
		[examples.with_value(subject, "/critical_findings", [{"rule": "GO-2026-1"}, {"rule": "G101"}]), "2 critical: G101, GO-2026-1"],
	] {
		policy.verdict == {"outcome": "failed", "message": case[1]} with input as case[0]
	}
}

test_where_evidence_is_missing if {
	every case in [
		[examples.without(subject, "/scans"), "no scan of this revision is recorded"],
		[examples.with_value(subject, "/scans", []), "no scanner is required, so none says that nothing is there"],
		[examples.with_value(subject, "/scans", [{"tool": "gosec", "outcome": "partial"}]), "gosec: partial"],
	] {
		policy.verdict == {"outcome": "not_evaluated", "message": case[1]} with input as case[0]
	}
}
