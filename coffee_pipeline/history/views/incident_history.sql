-- What was known of every incident, and from when on?
--
-- recorded_at is when a state was written down; a state holds until the next one of the incident.
-- Incidents that only this pipeline tells of have one state: they do not change.
WITH states AS (
    SELECT * FROM incident_versions
    UNION ALL BY NAME
    SELECT * FROM incidents
    WHERE incident_id NOT IN (SELECT incident_id FROM incident_versions)
)
SELECT
    states.*,
    written_at AS recorded_at,
    row_number() OVER told AS version,
    lead(written_at) OVER told AS replaced_at
FROM states
JOIN materializations USING (materialization)
WINDOW told AS (PARTITION BY incident_id ORDER BY written_at, materialization)
ORDER BY incident_id, recorded_at
