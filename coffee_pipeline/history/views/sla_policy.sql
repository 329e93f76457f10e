-- How long may a problem of a severity stay open?
--
-- Hours from first seen to due: what platform.yaml sets (security.sla_hours), else the defaults:
-- critical 7 days, high 30 days, medium 90, low 120; info is never due. If several platforms share
-- the history, the shortest time counts.
WITH defaults AS (
    SELECT * FROM (VALUES
        ('critical', 168.0::DOUBLE), ('high', 720.0), ('medium', 2160.0), ('low', 2880.0)
    ) AS listed(severity, hours)
),
configured AS (
    SELECT severity, min(hours) AS hours FROM sla_policies GROUP BY severity
)
SELECT
    severity,
    CASE WHEN configured.severity IS NULL THEN defaults.hours ELSE configured.hours END AS hours
FROM defaults
FULL JOIN configured USING (severity);
