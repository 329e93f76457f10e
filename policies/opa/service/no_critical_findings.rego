# METADATA
# title: No critical finding is open
# description: >-
#   A critical finding is one that somebody else can use today. Policies that are met around it
#   do not help the one who runs the service.
# custom:
#   subject: service
#   severity: critical
#   weight: 8
#   controls:
#     - "OWASP CI/CD Top 10: CICD-SEC-3 Dependency Chain Abuse"
#     - "NSA/CISA Kubernetes Hardening Guide 1.2: Upgrading and application security practices"
package compliance.policies.no_critical_findings

import data.compliance.library.answer

about := answer.about(rego.metadata.chain())

verdict := answer.of(set(), failures, unknown)

unknown contains "no scan of this revision is recorded" if not is_array(object.get(input, "scans", null))

unknown contains "no scanner is required, so none says that nothing is there" if input.scans == []

unknown contains message if {
	some scan in input.scans
	scan.outcome != "completed"
	message := sprintf("%v: %v", [scan.tool, scan.outcome])
}

failures contains message if {
	count(input.critical_findings) > 0
	named := array.slice(sort({rule | some finding in input.critical_findings; rule := finding.rule}), 0, 5)
	message := sprintf("%d critical: %v", [count(input.critical_findings), concat(", ", named)])
}
