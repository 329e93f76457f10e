-- How long did it take from the alert to somebody who took it on, and to its end?
--
-- One row for each incident. critical are those of the severities critical, page, P1 and SEV1;
-- in_time says of them whether somebody took it on within 300 seconds. It is NULL where that is not
-- known: nobody has yet, or the source does not tell (Alertmanager does not know acknowledgements);
-- then reason says so. A time that is not known is NULL, never 0.
WITH timed AS (
    SELECT
        *,
        lower(severity) IN ('critical', 'page', 'p1', 'sev1') AS critical,
        epoch(acknowledged_at - opened_at) AS response_seconds,
        epoch(resolved_at - opened_at) AS recovery_seconds
    FROM incidents
)
SELECT
    incident_id,
    service,
    environment,
    source,
    severity,
    title,
    critical,
    opened_at AS fired_at,
    acknowledged_at,
    resolved_at,
    response_seconds,
    recovery_seconds,
    CASE WHEN critical THEN response_seconds <= 300 END AS in_time,
    CASE
        WHEN NOT critical OR acknowledged_at IS NOT NULL THEN NULL
        WHEN resolved_at IS NOT NULL THEN 'it ended, and its source does not say who took it on'
        ELSE 'nobody is known to have taken it on'
    END AS reason
FROM timed
ORDER BY fired_at DESC, incident_id;
