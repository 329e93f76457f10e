-- What was known of imported deployments, and since when; and how new an export of incidents was.

CREATE TABLE deployment_versions (
    materialization VARCHAR NOT NULL,
    deployment_id VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    artifact_digest VARCHAR NOT NULL,
    strategy VARCHAR NOT NULL,
    cause VARCHAR NOT NULL,
    previous_revision VARCHAR,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP NOT NULL,
    outcome VARCHAR NOT NULL,
    reason VARCHAR NOT NULL
);
COMMENT ON TABLE deployment_versions IS
    'Every state that an imported deployment was told in; deployments has the latest.';
COMMENT ON COLUMN deployment_versions.materialization IS
    'Key of the materialization that the row came in; its written_at is when this was known.';
COMMENT ON COLUMN deployment_versions.deployment_id IS
    'Identity of the deployment.';
COMMENT ON COLUMN deployment_versions.service IS
    'Name of the service, as platform.yaml has it.';
COMMENT ON COLUMN deployment_versions.environment IS
    'Name of the environment, as platform.yaml has it.';
COMMENT ON COLUMN deployment_versions.revision IS
    'Git commit hash of what was deployed.';
COMMENT ON COLUMN deployment_versions.artifact_digest IS
    'sha256:... of what was deployed.';
COMMENT ON COLUMN deployment_versions.strategy IS
    'initial, direct, canary or rollback.';
COMMENT ON COLUMN deployment_versions.cause IS
    'delivery or operator.';
COMMENT ON COLUMN deployment_versions.previous_revision IS
    'What ran before; after rolled_back it runs again.';
COMMENT ON COLUMN deployment_versions.started_at IS
    'When it started (UTC).';
COMMENT ON COLUMN deployment_versions.finished_at IS
    'When it ended (UTC).';
COMMENT ON COLUMN deployment_versions.outcome IS
    'succeeded, rolled_back or failed.';
COMMENT ON COLUMN deployment_versions.reason IS
    'Why it ended so, in one line.';
ALTER TABLE incidents ADD COLUMN updated_at TIMESTAMP;
COMMENT ON COLUMN incidents.updated_at IS
    'When the source last changed it (UTC): of two exports the newer counts; NULL if it does not say.';
ALTER TABLE incident_versions ADD COLUMN updated_at TIMESTAMP;
COMMENT ON COLUMN incident_versions.updated_at IS
    'When the source last changed it (UTC): of two exports the newer counts; NULL if it does not say.';
