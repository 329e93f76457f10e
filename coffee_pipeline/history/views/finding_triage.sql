-- Which decision of triage holds for which problem now?
--
-- A decision applies by identity; by rule and a glob of paths; or by a vulnerability's name (any
-- name that its issue has), in a component, version and service where it says so. Expired ones do
-- not hold: the problem is open again. Of several the one that holds longest is shown.
-- Now is question_time.
WITH valid AS (
    SELECT *
    FROM triage_decisions
    WHERE expires_at IS NULL OR expires_at > (SELECT asked_at FROM question_time)
),
named AS (
    SELECT issue_names.issue, valid.*
    FROM valid
    JOIN issue_names
        ON issue_names.name = valid.vulnerability
        AND (valid.component IS NULL OR issue_names.component = valid.component)
),
matches AS (
    SELECT lives.tool, lives.scope, lives.identity, valid.* EXCLUDE (identity)
    FROM finding_lives AS lives
    JOIN valid ON valid.identity = lives.identity
    UNION ALL
    SELECT lives.tool, lives.scope, lives.identity, valid.* EXCLUDE (identity)
    FROM finding_lives AS lives
    JOIN valid
        ON valid.rule = lives.rule
        AND (valid.path IS NULL OR regexp_full_match(lives.path, valid.path_pattern))
    UNION ALL
    SELECT lives.tool, lives.scope, lives.identity, named.* EXCLUDE (issue, identity)
    FROM finding_lives AS lives
    JOIN named
        ON named.issue = lives.issue
        AND (
            named.component_version IS NULL
            OR named.component_version = ltrim(lives.component_version, 'v')
        )
        AND (named.service IS NULL OR named.service = lives.service)
)
SELECT
    tool, scope, identity, state AS decision, reason, author, expires_at, file, line
FROM matches
QUALIFY row_number() OVER (
    PARTITION BY tool, scope, identity
    ORDER BY expires_at DESC NULLS FIRST, file, line, reason
) = 1;
