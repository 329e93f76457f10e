-- Which tests take the time of every module's latest test run, slowest first?
--
-- rank 1 is the module's slowest test; share is its part of the time of all the module's top-level
-- tests, 0..1, NULL if these took no time. Subtests are left out: their time is in their test's.
WITH latest AS (
    SELECT materialization, module, revision, started_at
    FROM module_test_runs
    QUALIFY row_number() OVER (
        PARTITION BY module ORDER BY started_at DESC, materialization DESC
    ) = 1
)
SELECT
    module,
    latest.revision,
    rank() OVER (PARTITION BY module ORDER BY duration_seconds DESC) AS rank,
    package,
    name,
    outcome,
    duration_seconds,
    duration_seconds / nullif(sum(duration_seconds) OVER (PARTITION BY module), 0) AS share
FROM test_cases
JOIN latest USING (materialization, module)
WHERE name NOT LIKE '%/%'
ORDER BY duration_seconds DESC, module, package, name;
