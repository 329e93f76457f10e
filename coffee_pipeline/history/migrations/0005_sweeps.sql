-- The nightly security sweep: what it covered, and what it did not.

CREATE TABLE sweeps (
    materialization VARCHAR NOT NULL,
    sweep_id VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    reason VARCHAR,
    scans BIGINT NOT NULL,
    completed BIGINT NOT NULL,
    previous_completed BIGINT,
    attempts BIGINT NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE sweeps IS
    'Security sweeps over what runs in production and the head of the repository.';
COMMENT ON COLUMN sweeps.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN sweeps.sweep_id IS
    'Name of the sweep: the night it belongs to, or when it was asked for.';
COMMENT ON COLUMN sweeps.platform IS
    'Name of the platform.';
COMMENT ON COLUMN sweeps.revision IS
    'Head of the watched branch that was scanned.';
COMMENT ON COLUMN sweeps.outcome IS
    'completed when every scan that was owed answered, else partial.';
COMMENT ON COLUMN sweeps.reason IS
    'What was not covered, and whether that is more than the sweep before; NULL if all was.';
COMMENT ON COLUMN sweeps.scans IS
    'Scans that were tried, those whose tool is not installed among them.';
COMMENT ON COLUMN sweeps.completed IS
    'Scans that gave a whole answer.';
COMMENT ON COLUMN sweeps.previous_completed IS
    'The same number of the sweep before; NULL for the first.';
COMMENT ON COLUMN sweeps.attempts IS
    'How often scans that failed were tried.';
COMMENT ON COLUMN sweeps.started_at IS
    'When it began (UTC).';
COMMENT ON COLUMN sweeps.finished_at IS
    'When it ended (UTC).';

CREATE TABLE sweep_scans (
    materialization VARCHAR NOT NULL,
    sweep_id VARCHAR NOT NULL,
    materialization_of_scan VARCHAR NOT NULL,
    tool VARCHAR NOT NULL,
    tool_version VARCHAR,
    scope VARCHAR NOT NULL,
    service VARCHAR,
    environment VARCHAR,
    outcome VARCHAR NOT NULL,
    reason VARCHAR,
    findings BIGINT,
    database_date TIMESTAMP,
    database_age_days DOUBLE
);
COMMENT ON TABLE sweep_scans IS
    'The scans of each sweep: with which tool and database, and how they ended.';
COMMENT ON COLUMN sweep_scans.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN sweep_scans.sweep_id IS
    'The sweep; see sweeps.';
COMMENT ON COLUMN sweep_scans.materialization_of_scan IS
    'Key under which the scan and its findings are stored.';
COMMENT ON COLUMN sweep_scans.tool IS
    'Name of the scanner.';
COMMENT ON COLUMN sweep_scans.tool_version IS
    'Version of the scanner; NULL if it could not be asked.';
COMMENT ON COLUMN sweep_scans.scope IS
    'What was scanned; see scans.scope.';
COMMENT ON COLUMN sweep_scans.service IS
    'The service that the scope belongs to; NULL if to several or to none.';
COMMENT ON COLUMN sweep_scans.environment IS
    'Environment in which the scanned thing runs; NULL for the head of the repository.';
COMMENT ON COLUMN sweep_scans.outcome IS
    'completed, partial, failed or not_run.';
COMMENT ON COLUMN sweep_scans.reason IS
    'Why it ended so; NULL if there is nothing to say.';
COMMENT ON COLUMN sweep_scans.findings IS
    'Findings reported; NULL if there was no answer.';
COMMENT ON COLUMN sweep_scans.database_date IS
    'Date of the database of vulnerabilities (UTC); NULL if the tool has none, or does not say.';
COMMENT ON COLUMN sweep_scans.database_age_days IS
    'Age of that database at the time of the sweep, in days.';
