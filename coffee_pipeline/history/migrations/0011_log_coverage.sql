-- Log coverage: what the running services log, counted; never what is in the lines.

CREATE TABLE log_coverage (
    materialization VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    lines BIGINT,
    structured BIGINT,
    with_trace_id BIGINT,
    traced_request_logged BOOLEAN,
    observed_at TIMESTAMP NOT NULL,
    outcome VARCHAR NOT NULL,
    reason VARCHAR
);
COMMENT ON TABLE log_coverage IS
    'How much of what a running service logged is structured and names its trace.';
COMMENT ON COLUMN log_coverage.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN log_coverage.service IS
    'Name of the service, as platform.yaml has it.';
COMMENT ON COLUMN log_coverage.revision IS
    'Git commit that runs.';
COMMENT ON COLUMN log_coverage.environment IS
    'Name of the environment, as platform.yaml has it.';
COMMENT ON COLUMN log_coverage.lines IS
    'Lines since the service was started, without empty ones; NULL if the log cannot be read.';
COMMENT ON COLUMN log_coverage.structured IS
    'Lines that are JSON or logfmt with a message and a level or time; NULL as above.';
COMMENT ON COLUMN log_coverage.with_trace_id IS
    'Structured lines that name a trace; NULL as above.';
COMMENT ON COLUMN log_coverage.traced_request_logged IS
    'Whether a request sent with a trace id left a line with it; NULL if none could be sent.';
COMMENT ON COLUMN log_coverage.observed_at IS
    'When the log was read (UTC).';
COMMENT ON COLUMN log_coverage.outcome IS
    'completed, partial (only the end of the log was read, or there was no line) or not_run.';
COMMENT ON COLUMN log_coverage.reason IS
    'Why it is not completed; NULL if it is.';
