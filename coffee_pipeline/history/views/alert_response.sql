-- How long did it take from the alert to somebody who took it on, and to its end?
--
-- One row for each incident. critical are those of the severities critical, page, P1 and SEV1, and
-- those of PagerDuty without a priority whose urgency is high; in_time says of them whether somebody
-- took it on within 300 seconds. PagerDuty and Opsgenie tell who took an alert on: one that is older
-- than that at question_time, or ended later, without a word was not taken on in time. Elsewhere
-- in_time is NULL: nobody has yet, or the source does not tell (Alertmanager does not know
-- acknowledgements). reason says which. A time that is not known is NULL, never 0.
WITH timed AS (
    SELECT
        *,
        lower(severity) IN ('critical', 'page', 'p1', 'sev1')
        OR (source = 'pagerduty' AND lower(severity) = 'high') AS critical,
        epoch(acknowledged_at - opened_at) AS response_seconds,
        epoch(resolved_at - opened_at) AS recovery_seconds,
        source IN ('pagerduty', 'opsgenie')
        AND acknowledged_at IS NULL
        AND epoch(coalesce(resolved_at, asked_at) - opened_at) > 300 AS overdue
    FROM incidents
    CROSS JOIN question_time
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
    CASE WHEN critical THEN NOT overdue AND response_seconds <= 300 END AS in_time,
    CASE
        WHEN NOT critical OR acknowledged_at IS NOT NULL THEN NULL
        WHEN overdue THEN 'nobody took it on within 300 seconds'
        WHEN resolved_at IS NOT NULL THEN 'it ended, and its source does not say who took it on'
        ELSE 'nobody is known to have taken it on'
    END AS reason
FROM timed
ORDER BY fired_at DESC, incident_id;
