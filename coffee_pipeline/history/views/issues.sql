-- Which problems are there, each once, whatever number of tools and scopes witnessed it?
--
-- The same vulnerability, by any name that reports share, in the same component of the same service
-- is one issue; its name is the first of CVE, GHSA, GO. service is NULL of what belongs to several
-- or to none. Any other finding is an issue of its own. Open while one of
-- its witnesses is: reported, not suppressed by the tool, no decision of finding_triage holding for
-- it. state is fixed if all witnesses are, new if all are, else what the present ones are. severity
-- is the worst that a counted witness says, first_seen the earliest, fixed_at the last fix. decision
-- is the triage's, where nothing else keeps it open. due_at is first_seen and the severity's time
-- of sla_policy; past_due if that has passed at question_time while the issue is open. Known
-- exploited ones first, then by severity, by EPSS score and by age.
WITH witnesses AS (
    SELECT
        lives.*,
        decision,
        coalesce(
            array_position(['critical', 'high', 'medium', 'low', 'info'], severity), 6
        ) AS severity_rank,
        state <> 'fixed' AS present,
        suppressed IS NULL AND decision IS NULL AS counted
    FROM finding_lives AS lives
    LEFT JOIN finding_triage USING (tool, scope, identity)
),
grouped AS (
    SELECT
        issue,
        service,
        count(*) AS witnesses,
        coalesce(bool_or(present AND counted), false) AS is_open,
        bool_or(present) AS present,
        bool_and(state = 'new') AS all_new,
        bool_or(state = 'untouched') AS any_untouched,
        bool_or(state = 'reactivated') AS any_reactivated,
        coalesce(min(severity_rank) FILTER (present AND counted), min(severity_rank)) AS severity_rank,
        min(kind) AS kind,
        arg_min(title, severity_rank) AS title,
        min(rule) AS rule,
        string_agg(DISTINCT tool, ', ' ORDER BY tool) AS tools,
        string_agg(DISTINCT scope, ', ' ORDER BY scope) AS scopes,
        min(path) AS path,
        min(line) AS line,
        min(resource) AS resource,
        min(component) AS component,
        string_agg(DISTINCT component_version, ', ' ORDER BY component_version)
            AS component_versions,
        max(fixed_version) AS fixed_version,
        bool_or(reachable) AS reachable,
        max(cvss_score) AS cvss_score,
        min(first_seen) AS first_seen,
        max(last_seen) AS last_seen,
        max(opened_at) AS opened_at,
        max(fixed_at) AS fixed_at,
        bool_and(suppressed IS NOT NULL) AS suppressed,
        min(decision) FILTER (present) AS decision
    FROM witnesses
    GROUP BY issue, service
),
exploited AS (
    SELECT
        issue,
        max(epss_score) AS epss_score,
        max(epss_percentile) AS epss_percentile,
        bool_or(known_exploited) AS known_exploited
    FROM issue_names
    JOIN exploitation ON exploitation.vulnerability = issue_names.name
    GROUP BY issue
)
SELECT
    issue,
    service,
    CASE
        WHEN NOT present THEN 'fixed'
        WHEN all_new THEN 'new'
        WHEN any_reactivated AND NOT any_untouched THEN 'reactivated'
        ELSE 'untouched'
    END AS state,
    is_open,
    ranked.severity,
    kind,
    title,
    rule,
    witnesses,
    tools,
    scopes,
    path,
    line,
    resource,
    component,
    component_versions,
    fixed_version,
    reachable,
    cvss_score,
    epss_score,
    epss_percentile,
    known_exploited,
    suppressed,
    CASE WHEN NOT is_open THEN decision END AS decision,
    first_seen,
    last_seen,
    opened_at,
    CASE WHEN NOT present THEN fixed_at END AS fixed_at,
    first_seen + to_seconds(hours * 3600) AS due_at,
    is_open AND coalesce(first_seen + to_seconds(hours * 3600) < asked_at, false) AS past_due
FROM grouped
CROSS JOIN question_time
LEFT JOIN exploited USING (issue)
JOIN (VALUES
    (1, 'critical'), (2, 'high'), (3, 'medium'), (4, 'low'), (5, 'info'), (6, 'unknown')
) AS ranked(severity_rank, severity) USING (severity_rank)
LEFT JOIN sla_policy USING (severity)
ORDER BY coalesce(known_exploited, false) DESC, severity_rank, epss_score DESC NULLS LAST,
    first_seen, issue, service;
