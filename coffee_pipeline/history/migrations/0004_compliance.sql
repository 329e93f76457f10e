-- What policies say of manifests, services and the platform, and the scores of it.

CREATE TABLE policy_results (
    materialization VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    service VARCHAR,
    revision VARCHAR NOT NULL,
    policy VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    subject_kind VARCHAR NOT NULL,
    path VARCHAR,
    outcome VARCHAR NOT NULL,
    message VARCHAR,
    severity VARCHAR NOT NULL,
    weight BIGINT NOT NULL,
    controls VARCHAR NOT NULL,
    rules VARCHAR NOT NULL,
    evaluated_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE policy_results IS 'What each policy said of each subject of its kind, in one evaluation.';
COMMENT ON COLUMN policy_results.materialization IS 'Key of the materialization that this row came in.';
COMMENT ON COLUMN policy_results.platform IS 'Name of the platform.';
COMMENT ON COLUMN policy_results.service IS 'Service that the subject belongs to; NULL for subjects of the whole platform.';
COMMENT ON COLUMN policy_results.revision IS 'Git commit that was judged.';
COMMENT ON COLUMN policy_results.policy IS 'Id of the policy: the name of its file in policies/opa.';
COMMENT ON COLUMN policy_results.title IS 'What the policy demands, in one line.';
COMMENT ON COLUMN policy_results.subject IS
    'What was judged, as kind:name; objects of Kubernetes with their file.';
COMMENT ON COLUMN policy_results.subject_kind IS 'manifest, service or platform.';
COMMENT ON COLUMN policy_results.path IS 'File of the subject, relative to the repository; NULL if it is in none.';
COMMENT ON COLUMN policy_results.outcome IS
    'passed, failed, not_evaluated (it applies, its evidence is missing) or not_applicable.';
COMMENT ON COLUMN policy_results.message IS 'Why; NULL if passed.';
COMMENT ON COLUMN policy_results.severity IS 'Severity of a failure: critical, high, medium or low.';
COMMENT ON COLUMN policy_results.weight IS 'What the result counts in scores, 1 to 10.';
COMMENT ON COLUMN policy_results.controls IS
    'Controls of published standards that the policy maps to, separated by "; ".';
COMMENT ON COLUMN policy_results.rules IS 'sha256 of all policy files that were loaded.';
COMMENT ON COLUMN policy_results.evaluated_at IS 'When it was evaluated (UTC).';

CREATE TABLE compliance_scores (
    materialization VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    service VARCHAR,
    revision VARCHAR NOT NULL,
    percent DOUBLE,
    reason VARCHAR,
    minimum_percent DOUBLE NOT NULL,
    passed BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    not_evaluated BIGINT NOT NULL,
    not_applicable BIGINT NOT NULL,
    passed_weight BIGINT NOT NULL,
    applicable_weight BIGINT NOT NULL,
    policies BIGINT NOT NULL,
    evaluated_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE compliance_scores IS
    'Compliance of a service at a revision, and with the policies on the platform as such.';
COMMENT ON COLUMN compliance_scores.materialization IS 'Key of the materialization that this row came in.';
COMMENT ON COLUMN compliance_scores.platform IS 'Name of the platform.';
COMMENT ON COLUMN compliance_scores.service IS 'The service; NULL for the policies on the platform as such.';
COMMENT ON COLUMN compliance_scores.revision IS 'Git commit that was judged.';
COMMENT ON COLUMN compliance_scores.percent IS
    'passed_weight in a hundred of applicable_weight; NULL if nothing applied or OPA gave no answer.';
COMMENT ON COLUMN compliance_scores.reason IS 'Why there is no score, or what it leaves out; NULL if neither.';
COMMENT ON COLUMN compliance_scores.minimum_percent IS 'What the score must exceed (gates.compliance_minimum_percent).';
COMMENT ON COLUMN compliance_scores.passed IS 'Results that passed.';
COMMENT ON COLUMN compliance_scores.failed IS 'Results that failed.';
COMMENT ON COLUMN compliance_scores.not_evaluated IS
    'Results without the evidence that they ask for; they apply and do not count as passed.';
COMMENT ON COLUMN compliance_scores.not_applicable IS 'Results that count on neither side.';
COMMENT ON COLUMN compliance_scores.passed_weight IS 'Sum of the weights of the results that passed.';
COMMENT ON COLUMN compliance_scores.applicable_weight IS
    'Sum of the weights of the results that passed, failed or were not evaluated.';
COMMENT ON COLUMN compliance_scores.policies IS 'Different policies among the results.';
COMMENT ON COLUMN compliance_scores.evaluated_at IS 'When it was evaluated (UTC).';
