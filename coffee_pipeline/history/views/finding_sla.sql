-- When was every problem due, and was that kept?
--
-- due_at is first_seen and the severity's time of sla_policy, NULL for what is never due. A problem
-- that comes back keeps its first_seen, and so its due date. status: of fixed ones met or breached;
-- accepted while a decision of finding_triage holds; else open or, when due_at has passed at
-- question_time, past_due. breached_at is when the time ran out before it was fixed; NULL of
-- accepted ones. Problems that the tool itself suppresses have no row. Times in hours.
WITH counted AS (
    SELECT
        tool, scope, service, identity, issue, severity, kind, rule, title, path, component, state,
        first_seen, fixed_at, decision, asked_at, hours,
        first_seen + to_seconds(hours * 3600) AS due_at,
        coalesce(fixed_at, asked_at) AS until
    FROM finding_lives
    LEFT JOIN finding_triage USING (tool, scope, identity)
    LEFT JOIN sla_policy USING (severity)
    CROSS JOIN question_time
    WHERE suppressed IS NULL
)
SELECT
    tool, scope, service, identity, issue, severity, kind, rule, title, path, component, state,
    CASE
        WHEN fixed_at IS NOT NULL AND coalesce(fixed_at > due_at, false) THEN 'breached'
        WHEN fixed_at IS NOT NULL THEN 'met'
        WHEN decision IS NOT NULL THEN 'accepted'
        WHEN coalesce(due_at < asked_at, false) THEN 'past_due'
        ELSE 'open'
    END AS status,
    hours AS hours_allowed,
    epoch_us(until - first_seen) / 3.6e9 AS hours_open,
    first_seen, due_at, fixed_at,
    CASE
        WHEN due_at < until AND (fixed_at IS NOT NULL OR decision IS NULL) THEN due_at
    END AS breached_at
FROM counted;
