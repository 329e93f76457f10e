-- The life of every problem of the temporary table spans, described as its last report does.
--
-- issue is the problem's own identity until vulnerabilities are put together across tools.
CREATE OR REPLACE TEMP TABLE lives AS
WITH whole AS (
    SELECT
        series, identity,
        count(*) AS scans,
        min(finished_at) AS first_seen,
        arg_min(revision, scan_number) AS first_revision,
        max(finished_at) FILTER (opened IS NOT NULL) AS opened_at
    FROM spans
    GROUP BY series, identity
)
SELECT
    reported.tool,
    reported.scope,
    reported.identity,
    reported.identity AS issue,
    CASE
        WHEN last.fixed_at IS NOT NULL THEN 'fixed'
        ELSE coalesce(last.opened, 'untouched')
    END AS state,
    whole.first_seen,
    last.finished_at AS last_seen,
    whole.opened_at,
    last.fixed_at,
    whole.scans,
    whole.first_revision,
    last.revision AS last_revision,
    reported.service,
    reported.environment,
    reported.image_digest,
    reported.rule,
    reported.kind,
    reported.severity,
    reported.severity_source,
    reported.title,
    reported.path,
    reported.line,
    reported.resource,
    reported.cwe,
    reported.aliases,
    reported.cvss_vector,
    reported.cvss_score,
    reported.component,
    reported.component_version,
    reported.fixed_version,
    reported.reachable,
    reported.confidence,
    reported.suppressed,
    reported.reference
FROM spans AS last
JOIN whole USING (series, identity)
JOIN findings AS reported ON reported.rowid = last.report
WHERE last.is_last
