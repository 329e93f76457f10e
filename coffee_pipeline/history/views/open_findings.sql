-- Which problems are open now, most severe first?
--
-- All that finding_lifecycle does not call closed. days_open counts from the first report to the
-- last one, so that the answer depends on the facts alone, not on when it is asked.
SELECT
    tool, scope, service, identity, state, severity, kind, rule, title, path, line, component,
    fixed_version, reachable, first_seen, last_seen, first_revision, last_revision, scans,
    date_diff('day', first_seen, last_seen) AS days_open
FROM finding_lifecycle
WHERE state <> 'closed'
ORDER BY
    array_position(['critical', 'high', 'medium', 'low', 'info'], severity) NULLS LAST,
    tool, scope, identity;
