-- How did every module's coverage change from test run to test run?
--
-- In percent of statements; change_percent is against the module's run before that had a complete
-- profile, in percentage points, and only between complete profiles: a package that dropped out
-- would look like a change.
WITH complete AS (
    SELECT
        materialization, module,
        lag(coverage_percent) OVER (
            PARTITION BY module ORDER BY started_at, materialization
        ) AS previous_percent
    FROM module_test_runs
    WHERE coverage_complete AND coverage_percent IS NOT NULL
)
SELECT
    module, revision, started_at, outcome, statements, covered_statements, coverage_percent,
    coverage_complete,
    coverage_percent - previous_percent AS change_percent
FROM module_test_runs
LEFT JOIN complete USING (materialization, module)
ORDER BY module, started_at, materialization;
