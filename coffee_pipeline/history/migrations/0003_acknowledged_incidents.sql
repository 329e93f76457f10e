-- Sources that page people say when one of them took the incident on: the response time.

ALTER TABLE incidents ADD COLUMN acknowledged_at TIMESTAMP;
COMMENT ON COLUMN incidents.acknowledged_at IS
    'When a person first took it on (UTC); NULL if nobody did, or the source does not say.';
COMMENT ON COLUMN incidents.service IS
    'Name of the service, as platform.yaml has it; the platform''s name if not known to be of one.';
