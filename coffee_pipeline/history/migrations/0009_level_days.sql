-- Service levels day by day: events per step, and what each day came to under which definition.

CREATE TABLE level_samples (
    materialization VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    slo VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    started_at TIMESTAMP NOT NULL,
    seconds BIGINT NOT NULL,
    good DOUBLE NOT NULL,
    total DOUBLE NOT NULL
);
COMMENT ON TABLE level_samples IS
    'Good and total events of every SLO, step by step; a step without a row is a gap.';
COMMENT ON COLUMN level_samples.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN level_samples.service IS
    'Name of the service.';
COMMENT ON COLUMN level_samples.slo IS
    'Name of the SLO.';
COMMENT ON COLUMN level_samples.environment IS
    'Environment the events happened in.';
COMMENT ON COLUMN level_samples.started_at IS
    'When the step begins (UTC).';
COMMENT ON COLUMN level_samples.seconds IS
    'Length of the step in seconds.';
COMMENT ON COLUMN level_samples.good IS
    'Good events in the step; a fraction where the source extrapolates.';
COMMENT ON COLUMN level_samples.total IS
    'All events in the step; 0 when it was idle.';

CREATE TABLE level_days (
    materialization VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    team VARCHAR,
    slo VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    objective DOUBLE NOT NULL,
    method VARCHAR NOT NULL,
    period_days DOUBLE NOT NULL,
    day TIMESTAMP NOT NULL,
    good DOUBLE,
    total DOUBLE,
    known_steps BIGINT NOT NULL,
    steps BIGINT NOT NULL,
    source VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    reason VARCHAR,
    definition VARCHAR NOT NULL,
    measured_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE level_days IS
    'Every objective on every day that was measured: its sums, its gaps and its definition.';
COMMENT ON COLUMN level_days.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN level_days.platform IS
    'Name of the platform.';
COMMENT ON COLUMN level_days.service IS
    'Name of the service.';
COMMENT ON COLUMN level_days.team IS
    'First owner of the service at that time; NULL if platform.yaml names none.';
COMMENT ON COLUMN level_days.slo IS
    'Name of the SLO.';
COMMENT ON COLUMN level_days.environment IS
    'Environment that was measured.';
COMMENT ON COLUMN level_days.objective IS
    'Share of good events that is promised, 0..1.';
COMMENT ON COLUMN level_days.method IS
    'Budgeting method: Occurrences, Timeslices or RatioTimeslices.';
COMMENT ON COLUMN level_days.period_days IS
    'Length of the period of the SLO in days, nominal for calendar periods.';
COMMENT ON COLUMN level_days.day IS
    'Begin of the day (UTC).';
COMMENT ON COLUMN level_days.good IS
    'Good events of the day; NULL without data.';
COMMENT ON COLUMN level_days.total IS
    'All events of the day; NULL without data.';
COMMENT ON COLUMN level_days.known_steps IS
    'Steps of the day that have data.';
COMMENT ON COLUMN level_days.steps IS
    'Steps of the day until it was measured.';
COMMENT ON COLUMN level_days.source IS
    'What was asked: the API by its kind, or recorded for a file.';
COMMENT ON COLUMN level_days.outcome IS
    'completed: the whole day is known; partial: a part of it; not_run: nothing.';
COMMENT ON COLUMN level_days.reason IS
    'Why steps are missing; NULL if none is.';
COMMENT ON COLUMN level_days.definition IS
    'The SLO as it was that day, as JSON.';
COMMENT ON COLUMN level_days.measured_at IS
    'When the day was measured (UTC); a late measurement replaces the earlier one.';
