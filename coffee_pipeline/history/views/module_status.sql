-- What came of every module at every revision: builds, tests, coverage, scans?
--
-- The latest build of every package and service, the latest test run, the latest scan of every
-- tool. NULL means that there is no such evidence, which is neither good nor bad. builds_failed
-- counts all builds that were tried and made nothing; builds_not_run those never tried.
WITH latest_builds AS (
    SELECT *
    FROM builds
    QUALIFY row_number() OVER (
        PARTITION BY module, revision, service, package
        ORDER BY started_at DESC, materialization DESC
    ) = 1
),
build_counts AS (
    SELECT
        module, revision,
        string_agg(DISTINCT outcome, ', ' ORDER BY outcome) AS build_outcomes,
        count(*) FILTER (outcome = 'built') AS builds_succeeded,
        count(*) FILTER (outcome NOT IN ('built', 'not_run')) AS builds_failed,
        count(*) FILTER (outcome = 'not_run') AS builds_not_run
    FROM latest_builds
    GROUP BY module, revision
),
latest_tests AS (
    SELECT *
    FROM module_test_runs
    QUALIFY row_number() OVER (
        PARTITION BY module, revision ORDER BY started_at DESC, materialization DESC
    ) = 1
),
latest_scans AS (
    SELECT scope AS module, revision, tool, outcome
    FROM scans
    WHERE NOT contains(scope, ':')  -- kind:name is no module
    QUALIFY row_number() OVER (
        PARTITION BY scope, revision, tool ORDER BY finished_at DESC, materialization DESC
    ) = 1
),
scan_counts AS (
    SELECT
        module, revision,
        string_agg(tool || ' ' || outcome, ', ' ORDER BY tool) AS scan_outcomes,
        count(*) FILTER (outcome = 'completed') AS scans_completed,
        count(*) FILTER (outcome <> 'completed') AS scans_not_completed
    FROM latest_scans
    GROUP BY module, revision
)
SELECT
    module,
    revision,
    build_outcomes,
    builds_succeeded,
    builds_failed,
    builds_not_run,
    latest_tests.outcome AS test_outcome,
    passed AS tests_passed,
    failed AS tests_failed,
    skipped AS tests_skipped,
    timed_out AS tests_timed_out,
    panicked AS tests_panicked,
    coverage_percent,
    coverage_complete,
    scan_outcomes,
    scans_completed,
    scans_not_completed
FROM build_counts
FULL JOIN latest_tests USING (module, revision)
FULL JOIN scan_counts USING (module, revision)
ORDER BY module, revision;
