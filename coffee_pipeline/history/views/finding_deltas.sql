-- What came and went every UTC day, and with every sweep?
--
-- Numbers of findings that scans of the day found new, reactivated or fixed; those that the tool
-- itself suppresses are not counted. sweep is the sweep that the scan was part of, else NULL; so the
-- sum over a day is that day's, the sum over a sweep is that sweep's.
SELECT
    changed_at::DATE AS day,
    sweep_id AS sweep,
    tool,
    service,
    kind,
    severity,
    coalesce(sum(findings) FILTER (change = 'new'), 0)::BIGINT AS new,
    coalesce(sum(findings) FILTER (change = 'reactivated'), 0)::BIGINT AS reactivated,
    coalesce(sum(findings) FILTER (change = 'fixed'), 0)::BIGINT AS fixed
FROM finding_changes
LEFT JOIN (SELECT DISTINCT sweep_id, materialization_of_scan FROM sweep_scans) AS swept
    ON swept.materialization_of_scan = finding_changes.materialization
GROUP BY ALL;
