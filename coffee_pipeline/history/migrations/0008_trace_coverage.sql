-- Trace coverage: requests at the gateway, and what a trace store has of them.

CREATE TABLE trace_coverage (
    materialization VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    store VARCHAR NOT NULL,
    requests_source VARCHAR NOT NULL,
    window_start TIMESTAMP NOT NULL,
    window_end TIMESTAMP NOT NULL,
    requests BIGINT,
    complete BIGINT,
    partial BIGINT,
    missing BIGINT,
    ratio DOUBLE,
    goal DOUBLE NOT NULL,
    outcome VARCHAR NOT NULL,
    reason VARCHAR
);
COMMENT ON TABLE trace_coverage IS
    'Share of the requests at the gateway that a trace store has from end to end.';
COMMENT ON COLUMN trace_coverage.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN trace_coverage.service IS
    'Name of the service, as platform.yaml has it.';
COMMENT ON COLUMN trace_coverage.environment IS
    'Name of the environment, as platform.yaml has it.';
COMMENT ON COLUMN trace_coverage.store IS
    'The trace store: jaeger, tempo or zipkin.';
COMMENT ON COLUMN trace_coverage.requests_source IS
    'Who counted the requests: access log, prometheus, or given.';
COMMENT ON COLUMN trace_coverage.window_start IS
    'Start of the window (UTC), inclusive.';
COMMENT ON COLUMN trace_coverage.window_end IS
    'End of the window (UTC), exclusive.';
COMMENT ON COLUMN trace_coverage.requests IS
    'Requests that the gateway counted; NULL if it could not be asked.';
COMMENT ON COLUMN trace_coverage.complete IS
    'Requests whose trace is whole; NULL if the store could not be asked.';
COMMENT ON COLUMN trace_coverage.partial IS
    'Requests whose trace has a gap; see trace_gaps. NULL as above.';
COMMENT ON COLUMN trace_coverage.missing IS
    'Requests without a span; NULL as above, or if more were traced than counted.';
COMMENT ON COLUMN trace_coverage.ratio IS
    'complete / requests, 0..1; NULL, with a reason, where that cannot be told.';
COMMENT ON COLUMN trace_coverage.goal IS
    'The ratio that is to be exceeded.';
COMMENT ON COLUMN trace_coverage.outcome IS
    'completed, partial (the answer is not whole, or counts disagree) or not_run.';
COMMENT ON COLUMN trace_coverage.reason IS
    'Why it is not completed, or what is left out; NULL if neither.';

CREATE TABLE trace_gaps (
    materialization VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    store VARCHAR NOT NULL,
    window_start TIMESTAMP NOT NULL,
    window_end TIMESTAMP NOT NULL,
    kind VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    requests BIGINT NOT NULL,
    example VARCHAR
);
COMMENT ON TABLE trace_gaps IS
    'What the requests of trace_coverage lack that are not seen from end to end.';
COMMENT ON COLUMN trace_gaps.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN trace_gaps.service IS
    'Name of the service, as platform.yaml has it.';
COMMENT ON COLUMN trace_gaps.environment IS
    'Name of the environment, as platform.yaml has it.';
COMMENT ON COLUMN trace_gaps.store IS
    'The trace store: jaeger, tempo or zipkin.';
COMMENT ON COLUMN trace_gaps.window_start IS
    'Start of the window (UTC), inclusive.';
COMMENT ON COLUMN trace_gaps.window_end IS
    'End of the window (UTC), exclusive.';
COMMENT ON COLUMN trace_gaps.kind IS
    'parent_missing, call_unanswered or absent.';
COMMENT ON COLUMN trace_gaps.reason IS
    'What is missing, in one line.';
COMMENT ON COLUMN trace_gaps.requests IS
    'Requests with this gap as their first.';
COMMENT ON COLUMN trace_gaps.example IS
    'Id of one such trace; NULL where there is none.';
