-- Which services did a commit leave as they were?
--
-- A service's input digest is that of the first parent; where nothing is recorded of the service at
-- the parent, what was found when the commit was delivered (affected) decides. A commit without a
-- parent, and a service of which nothing is recorded, are not here: they may be touched.
SELECT DISTINCT own.platform, own.revision, own.service
FROM service_revisions AS own
JOIN revisions ON revisions.platform = own.platform AND revisions.revision = own.revision
LEFT JOIN service_revisions AS before
    ON before.platform = own.platform
    AND before.service = own.service
    AND before.revision = revisions.parent
WHERE
    revisions.parent IS NOT NULL
    AND CASE
        WHEN before.revision IS NULL THEN NOT own.affected
        ELSE own.input_digest = before.input_digest
    END
