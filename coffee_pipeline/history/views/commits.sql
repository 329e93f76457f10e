-- Which commits of the platform are known, delivered by themselves or on the way to one that was?
--
-- Of the commits that a delivery brought all parents are known, and what had been delivered before
-- (base_revision: NULL for a commit that no delivery brought, such as the first delivered one; of
-- it the first parent is known, and of what its message says it reverts nothing).
SELECT
    platform, commit_hash AS revision, parents, base_revision,
    author_name, author_email, authored_at, committed_at, subject,
    reverted_commits, reverted_requests, reverted_subject, hotfix
FROM revision_commits
QUALIFY row_number() OVER (PARTITION BY platform, commit_hash ORDER BY materialization) = 1
UNION ALL
SELECT
    platform, revision, coalesce(parent, ''), NULL,
    author_name, author_email, authored_at, committed_at, subject,
    NULL, NULL, NULL, NULL
FROM revisions
ANTI JOIN revision_commits AS brought
    ON brought.platform = revisions.platform AND brought.commit_hash = revisions.revision
