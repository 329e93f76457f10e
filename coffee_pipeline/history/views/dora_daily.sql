-- How often was deployed, and how often did it go wrong, per UTC day, service and environment?
--
-- Counts only, by the day that a deployment ended; the formulas are in coffee_pipeline.dora.
-- deployments counts acts of putting a change into the environment, whatever came of it, so
-- operators' rollbacks (strategy rollback) are not among them. failures are those whose outcome
-- is failed, automatic_rollbacks those whose outcome is rolled_back; rollbacks adds operators'
-- rollbacks that succeeded to these. Days without a deployment have no row.
SELECT
    finished_at::DATE AS day,
    service,
    environment,
    count(*) FILTER (strategy <> 'rollback') AS deployments,
    count(*) FILTER (strategy <> 'rollback' AND outcome = 'succeeded') AS succeeded,
    count(*) FILTER (strategy <> 'rollback' AND outcome = 'failed') AS failures,
    count(*) FILTER (
        (strategy <> 'rollback' AND outcome = 'rolled_back')
        OR (strategy = 'rollback' AND outcome = 'succeeded')
    ) AS rollbacks,
    count(*) FILTER (strategy <> 'rollback' AND outcome = 'rolled_back') AS automatic_rollbacks
FROM deployments
GROUP BY ALL;
