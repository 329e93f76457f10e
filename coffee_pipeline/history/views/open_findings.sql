-- Which problems are open now, most severe first?
--
-- All that finding_lifecycle does not call fixed, that the tool itself does not suppress and that
-- no decision of finding_triage holds for at question_time. days_open counts from the first report
-- to the last one, so that it depends on the facts alone, not on when it is asked.
SELECT
    tool, scope, service, identity, issue, state, severity, kind, rule, title, path, line,
    component, component_version, fixed_version, reachable, first_seen, last_seen, opened_at,
    first_revision, last_revision, scans,
    date_diff('day', first_seen, last_seen) AS days_open
FROM finding_lives
ANTI JOIN finding_triage USING (tool, scope, identity)
WHERE state <> 'fixed' AND suppressed IS NULL
ORDER BY
    array_position(['critical', 'high', 'medium', 'low', 'info'], severity) NULLS LAST,
    tool, scope, identity;
