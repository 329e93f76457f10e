-- What was known of incidents, and since when: reports as of an earlier time need it.

CREATE TABLE incident_versions (
    materialization VARCHAR NOT NULL,
    incident_id VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    revision VARCHAR,
    deployment_id VARCHAR,
    title VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    opened_at TIMESTAMP NOT NULL,
    resolved_at TIMESTAMP,
    acknowledged_at TIMESTAMP
);
COMMENT ON TABLE incident_versions IS
    'Every state that an incident of another system was told in; incidents has the latest.';
COMMENT ON COLUMN incident_versions.materialization IS
    'Key of the materialization that the row came in; its written_at is when this was known.';
COMMENT ON COLUMN incident_versions.incident_id IS
    'Identity of the incident in its source.';
COMMENT ON COLUMN incident_versions.service IS
    'Name of the service, or the platform''s name if not known to be of one.';
COMMENT ON COLUMN incident_versions.environment IS
    'Environment it happened in.';
COMMENT ON COLUMN incident_versions.revision IS
    'Git commit that was running; NULL if not known.';
COMMENT ON COLUMN incident_versions.deployment_id IS
    'Deployment that it names as its cause; NULL if none.';
COMMENT ON COLUMN incident_versions.title IS
    'What it is called.';
COMMENT ON COLUMN incident_versions.severity IS
    'Severity, as the source has it.';
COMMENT ON COLUMN incident_versions.source IS
    'System that told of it.';
COMMENT ON COLUMN incident_versions.opened_at IS
    'When it began (UTC).';
COMMENT ON COLUMN incident_versions.resolved_at IS
    'When it ended (UTC); NULL while it was open.';
COMMENT ON COLUMN incident_versions.acknowledged_at IS
    'When a person first took it on (UTC); NULL if nobody had.';
