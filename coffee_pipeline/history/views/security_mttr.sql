-- How long from first seen to fixed, by severity?
--
-- Hours, over the issues that are fixed, each once whatever number of tools witnessed it; from the
-- first report of any witness to the last fix. NULL where none was fixed: no data is not 0 hours.
-- within_sla counts those fixed in the time of sla_policy, NULL where the severity has none. Issues
-- that came back count again only when they are fixed again, and then from their first report.
WITH severities AS (
    SELECT * FROM (VALUES
        (1, 'critical'), (2, 'high'), (3, 'medium'), (4, 'low'), (5, 'info')
    ) AS listed(severity_rank, severity)
),
lives AS (
    SELECT
        issue,
        min(coalesce(
            array_position(['critical', 'high', 'medium', 'low', 'info'], severity), 6
        )) AS severity_rank,
        epoch_us(max(fixed_at) - min(first_seen)) / 3.6e9 AS hours_to_fix
    FROM finding_lives
    WHERE suppressed IS NULL
    GROUP BY issue, service
    HAVING bool_and(state = 'fixed')
)
SELECT
    severity,
    count(hours_to_fix) AS fixed,
    avg(hours_to_fix) AS mean_hours,
    median(hours_to_fix) AS median_hours,
    CASE
        WHEN any_value(hours) IS NOT NULL THEN count(*) FILTER (hours_to_fix <= hours)
    END AS within_sla
FROM severities
LEFT JOIN lives USING (severity_rank)
LEFT JOIN sla_policy USING (severity)
GROUP BY severity_rank, severity
ORDER BY severity_rank;
