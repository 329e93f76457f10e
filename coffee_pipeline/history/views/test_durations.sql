-- How long does every test take, and how reliably does it end?
--
-- Over all runs that are kept; durations in seconds. A test's duration contains its subtests'.
-- last_seconds is that of the module's test run that started last.
SELECT
    test_cases.module,
    test_cases.package,
    test_cases.name,
    count(*) AS runs,
    count(*) FILTER (test_cases.outcome = 'passed') AS passed,
    count(*) FILTER (test_cases.outcome = 'skipped') AS skipped,
    count(*) FILTER (test_cases.outcome NOT IN ('passed', 'skipped')) AS not_passed,
    median(test_cases.duration_seconds) AS median_seconds,
    quantile_cont(test_cases.duration_seconds, 0.95) AS p95_seconds,
    max(test_cases.duration_seconds) AS max_seconds,
    arg_max(test_cases.duration_seconds, module_test_runs.started_at) AS last_seconds
FROM test_cases
LEFT JOIN module_test_runs USING (materialization, module)
GROUP BY ALL;
