-- The commits between two delivered revisions: each has a lead time of its own.

CREATE TABLE revision_commits (
    materialization VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    base_revision VARCHAR NOT NULL,
    commit_hash VARCHAR NOT NULL,
    parents VARCHAR NOT NULL,
    author_name VARCHAR NOT NULL,
    author_email VARCHAR NOT NULL,
    authored_at TIMESTAMP NOT NULL,
    committed_at TIMESTAMP NOT NULL,
    subject VARCHAR NOT NULL,
    services VARCHAR,
    reverted_commits VARCHAR,
    reverted_requests VARCHAR,
    reverted_subject VARCHAR,
    hotfix BOOLEAN NOT NULL
);
COMMENT ON TABLE revision_commits IS
    'Commits that a revision brought: it reaches them, the one delivered before does not.';
COMMENT ON COLUMN revision_commits.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN revision_commits.platform IS
    'Name of the platform.';
COMMENT ON COLUMN revision_commits.revision IS
    'Git commit that was delivered.';
COMMENT ON COLUMN revision_commits.base_revision IS
    'Git commit that had been delivered before.';
COMMENT ON COLUMN revision_commits.commit_hash IS
    'Git commit that came in between; the delivered one is among them.';
COMMENT ON COLUMN revision_commits.parents IS
    'Its parents, separated by blanks; a merge has several, a root commit none (empty).';
COMMENT ON COLUMN revision_commits.author_name IS
    'Author as Git has it.';
COMMENT ON COLUMN revision_commits.author_email IS
    'Author as Git has it.';
COMMENT ON COLUMN revision_commits.authored_at IS
    'When it was written (UTC).';
COMMENT ON COLUMN revision_commits.committed_at IS
    'When it was committed (UTC).';
COMMENT ON COLUMN revision_commits.subject IS
    'First line of the message.';
COMMENT ON COLUMN revision_commits.services IS
    'Services of which it changed an input, separated by blanks; a merge itself changes none. NULL if not known.';
COMMENT ON COLUMN revision_commits.reverted_commits IS
    'Commits that its message says it reverts, perhaps shortened, separated by blanks; NULL if none.';
COMMENT ON COLUMN revision_commits.reverted_requests IS
    'Numbers of the pull or merge requests that it says it reverts, as above.';
COMMENT ON COLUMN revision_commits.reverted_subject IS
    'First line of the message that it says it reverts; NULL if it does not say.';
COMMENT ON COLUMN revision_commits.hotfix IS
    'Whether its message, or the branch that it merges, calls it a hotfix.';
