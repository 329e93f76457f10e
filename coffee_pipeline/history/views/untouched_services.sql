-- Which services did a commit leave as they were?
--
-- Of a commit that a delivery brought it is recorded which services it touched. Else a service's
-- input digest is that of the first parent; where nothing is recorded of the service at the parent,
-- what was found when the commit was delivered (affected) decides. A commit without a parent, and a
-- service of which nothing is recorded, are not here: they may be touched.
WITH brought AS (
    SELECT * FROM revision_commits WHERE services IS NOT NULL
)
SELECT brought.platform, brought.commit_hash AS revision, own.service
FROM brought
JOIN service_revisions AS own
    ON own.platform = brought.platform AND own.revision = brought.revision
WHERE NOT list_contains(string_split(brought.services, ' '), own.service)
UNION
SELECT own.platform, own.revision, own.service
FROM service_revisions AS own
JOIN revisions ON revisions.platform = own.platform AND revisions.revision = own.revision
ANTI JOIN brought
    ON brought.platform = own.platform AND brought.commit_hash = own.revision
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
