-- What was looked at last, with what, and what could not be checked?
--
-- The latest scan of every tool and scope. checked only if it completed: of any other outcome,
-- reason says why, and last_completed_at when a scan of the tool and scope did complete, NULL if
-- never. Ages at question_time: of the scan in hours, of the database in days; NULL where the tool
-- does not say its database's date.
WITH latest AS (
    SELECT
        *,
        max(finished_at) FILTER (outcome = 'completed') OVER (PARTITION BY tool, scope)
            AS last_completed_at
    FROM scans
    QUALIFY row_number() OVER (
        PARTITION BY tool, scope ORDER BY finished_at DESC, materialization DESC
    ) = 1
)
SELECT
    tool, tool_version, scope, service, environment, image_digest, revision, outcome,
    outcome = 'completed' AS checked,
    reason, findings, packages_scanned, files_scanned, lines_scanned, checks_run,
    database_date,
    epoch_us(asked_at - database_date) / 8.64e10 AS database_age_days,
    database_entries, finished_at,
    epoch_us(asked_at - finished_at) / 3.6e9 AS age_hours,
    last_completed_at,
    sweep_id AS sweep
FROM latest
CROSS JOIN question_time
LEFT JOIN (SELECT DISTINCT sweep_id, materialization_of_scan FROM sweep_scans) AS swept
    ON swept.materialization_of_scan = latest.materialization
ORDER BY checked, tool, scope;
