-- What was known of every deployment, and from when on?
--
-- recorded_at is when a state was written down; a state holds until the next one of the deployment.
-- An import of an older deployment changes what ran before the next one, a later export how one
-- ended. Those of this pipeline's own rollouts have one state: they do not change.
WITH states AS (
    SELECT * FROM deployment_versions
    UNION ALL BY NAME
    SELECT * FROM deployments
    WHERE deployment_id NOT IN (SELECT deployment_id FROM deployment_versions)
)
SELECT
    states.*,
    written_at AS recorded_at,
    row_number() OVER told AS version,
    lead(written_at) OVER told AS replaced_at
FROM states
JOIN materializations USING (materialization)
WINDOW told AS (PARTITION BY deployment_id ORDER BY written_at, materialization)
ORDER BY deployment_id, recorded_at
