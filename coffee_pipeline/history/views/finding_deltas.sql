-- What came and went every UTC day, and with every sweep?
--
-- Numbers of findings that scans of the day found new, reactivated or fixed; those that the tool
-- itself suppresses are not counted. sweep is the name of the sweep where the scan's key is
-- sweep/NAME/..., else NULL; so the sum over a day is that day's, the sum over a sweep that sweep's.
SELECT
    changed_at::DATE AS day,
    nullif(regexp_extract(materialization, '^sweep/([^/]+)/', 1), '') AS sweep,
    tool,
    service,
    kind,
    severity,
    coalesce(sum(findings) FILTER (change = 'new'), 0)::BIGINT AS new,
    coalesce(sum(findings) FILTER (change = 'reactivated'), 0)::BIGINT AS reactivated,
    coalesce(sum(findings) FILTER (change = 'fixed'), 0)::BIGINT AS fixed
FROM finding_changes
GROUP BY ALL;
