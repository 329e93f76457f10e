# METADATA
# title: Pods get no token of a service account
# description: >-
#   Every pod that is given a token can ask the API server with it. A service that never does so
#   only keeps a key to the cluster for whoever breaks in.
# custom:
#   subject: manifest
#   severity: medium
#   weight: 3
#   controls:
#     - "CIS Kubernetes Benchmark 1.9: 5.1.6 Ensure that Service Account Tokens are only mounted where necessary"
#     - "NSA/CISA Kubernetes Hardening Guide 1.2: Protecting Pod service account tokens"
#     - "OWASP CI/CD Top 10: CICD-SEC-6 Insufficient Credential Hygiene"
package compliance.policies.service_account_token

import data.compliance.library.answer
import data.compliance.library.pods

about := answer.about(rego.metadata.chain())

verdict := answer.on_pods(failures)

failures contains "automountServiceAccountToken is not false" if {
	not pods.template.spec.automountServiceAccountToken == false
}
