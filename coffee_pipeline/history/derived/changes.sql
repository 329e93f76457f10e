-- How many problems of the temporary table spans every scan found new, reactivated or fixed.
--
-- Problems that the tool itself suppresses are neither.
INSERT INTO finding_changes BY NAME
WITH changes AS (
    SELECT materialization, finished_at AS changed_at, opened AS change, report
    FROM spans
    WHERE opened IS NOT NULL AND NOT suppressed
    UNION ALL
    SELECT fixed_by, fixed_at, 'fixed', report
    FROM spans
    WHERE fixed_at IS NOT NULL AND NOT suppressed
)
SELECT
    changes.materialization, tool, scope, changed_at, change, service, kind, severity,
    count(*) AS findings
FROM changes
JOIN findings ON findings.rowid = changes.report
GROUP BY ALL
