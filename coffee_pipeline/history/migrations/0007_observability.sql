-- Whether what runs is seen: dashboards and alerts of every service and objective.

CREATE TABLE observability_checks (
    materialization VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    passed BOOLEAN,
    reason VARCHAR,
    observed_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE observability_checks IS
    'Whether each service and objective has its panels and alerts at a revision.';
COMMENT ON COLUMN observability_checks.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN observability_checks.service IS
    'Name of the service, as platform.yaml has it.';
COMMENT ON COLUMN observability_checks.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN observability_checks.kind IS
    'red_panels, scrape_alert, objective_panel or objective_alert.';
COMMENT ON COLUMN observability_checks.subject IS
    'What it is about: the service, or the service and the SLO with a slash between them.';
COMMENT ON COLUMN observability_checks.passed IS
    'Whether it is there; NULL if that could not be found out, which is no pass.';
COMMENT ON COLUMN observability_checks.reason IS
    'What is missing, or why it could not be found out; NULL if it is there.';
COMMENT ON COLUMN observability_checks.observed_at IS
    'When it was looked for (UTC).';
