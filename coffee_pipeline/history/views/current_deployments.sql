-- What runs where: the last deployment that succeeded, per service and environment.
--
-- One that was rolled back or failed leaves the previous revision running; unsuccessful_since
-- counts those that came after.
WITH succeeded AS (
    SELECT *
    FROM deployments
    WHERE outcome = 'succeeded'
    QUALIFY row_number() OVER (
        PARTITION BY service, environment ORDER BY finished_at DESC, deployment_id DESC
    ) = 1
)
SELECT
    service,
    environment,
    succeeded.revision,
    succeeded.artifact_digest,
    succeeded.strategy,
    succeeded.deployment_id,
    succeeded.finished_at AS deployed_at,
    (
        SELECT count(*)
        FROM deployments AS later
        WHERE later.service = succeeded.service
            AND later.environment = succeeded.environment
            AND later.outcome <> 'succeeded'
            AND later.finished_at > succeeded.finished_at
    ) AS unsuccessful_since
FROM succeeded;
