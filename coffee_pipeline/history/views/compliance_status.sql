-- How compliant are the platform and each of its services, and which policies are not met?
--
-- One row for the platform as a whole (scope platform), one for the policies on the platform as
-- such (platform_policies), one for each service (service), each from the latest score. The whole
-- adds up the weights of the others, of the services that the newest revision has; reason names
-- those without a score, which are left out. percent and meets_minimum are NULL where there is no
-- score: that is no pass.
WITH latest AS (
    SELECT
        *,
        CASE WHEN service IS NULL THEN 'platform_policies' ELSE 'service' END AS scope
    FROM compliance_scores
    QUALIFY row_number() OVER (
        PARTITION BY platform, service ORDER BY evaluated_at DESC, materialization DESC
    ) = 1
),
unmet AS (
    SELECT
        materialization, service,
        string_agg(DISTINCT policy, ', ' ORDER BY policy) FILTER (outcome = 'failed')
            AS failed_policies,
        string_agg(DISTINCT policy, ', ' ORDER BY policy) FILTER (outcome = 'not_evaluated')
            AS not_evaluated_policies
    FROM policy_results
    WHERE outcome IN ('failed', 'not_evaluated')
    GROUP BY materialization, service
),
parts AS (
    SELECT latest.*, unmet.failed_policies, unmet.not_evaluated_policies
    FROM latest
    LEFT JOIN unmet
        ON unmet.materialization = latest.materialization
        AND unmet.service IS NOT DISTINCT FROM latest.service
),
newest AS (
    SELECT platform, arg_max(revision, committed_at) AS revision
    FROM revisions
    GROUP BY platform
),
members AS (
    SELECT DISTINCT platform, service
    FROM service_revisions
    JOIN newest USING (platform, revision)
),
-- A platform whose source was never recorded has the services that have a score.
counted AS (
    SELECT *
    FROM parts
    WHERE service IS NULL
        OR platform NOT IN (SELECT platform FROM members)
        OR (platform, service) IN (SELECT (platform, service) FROM members)
),
without_score AS (
    SELECT platform, string_agg(service, ', ' ORDER BY service) AS names
    FROM (
        SELECT platform, service FROM members
        UNION
        SELECT platform, service FROM counted WHERE service IS NOT NULL
    )
    LEFT JOIN counted USING (platform, service)
    WHERE counted.percent IS NULL
    GROUP BY platform
),
whole AS (
    SELECT
        platform,
        'platform' AS scope,
        NULL AS service,
        arg_max(revision, evaluated_at) AS revision,
        sum(passed_weight) AS passed_weight,
        sum(applicable_weight) AS applicable_weight,
        arg_max(minimum_percent, evaluated_at) AS minimum_percent,
        sum(passed) AS passed,
        sum(failed) AS failed,
        sum(not_evaluated) AS not_evaluated,
        sum(not_applicable) AS not_applicable,
        count(service) FILTER (percent IS NOT NULL) AS services,
        max(evaluated_at) AS evaluated_at
    FROM counted
    GROUP BY platform
)
SELECT
    platform, scope, service, revision, percent, minimum_percent,
    percent > minimum_percent AS meets_minimum,
    reason, passed, failed, not_evaluated, not_applicable, services,
    failed_policies, not_evaluated_policies, evaluated_at
FROM (
    SELECT
        platform, scope, service, revision,
        100.0 * passed_weight / nullif(applicable_weight, 0) AS percent,
        minimum_percent,
        'no score of: ' || names AS reason,
        passed::BIGINT AS passed,
        failed::BIGINT AS failed,
        not_evaluated::BIGINT AS not_evaluated,
        not_applicable::BIGINT AS not_applicable,
        services, NULL AS failed_policies, NULL AS not_evaluated_policies, evaluated_at
    FROM whole
    LEFT JOIN without_score USING (platform)
    UNION ALL
    SELECT
        platform, scope, service, revision, percent, minimum_percent, reason,
        passed, failed, not_evaluated, not_applicable, NULL, failed_policies,
        not_evaluated_policies, evaluated_at
    FROM counted
)
ORDER BY platform, array_position(['platform', 'platform_policies', 'service'], scope), service;
