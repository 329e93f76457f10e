-- How compliant is each service, and the platform, and which policies are not met?
--
-- The latest score of every service and of the platform (service is NULL). failed_policies and
-- not_evaluated_policies name the policies behind it, of the platform's own score those on the
-- platform itself. meets_minimum is NULL where there is no score, which is no pass.
WITH latest AS (
    SELECT *
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
)
SELECT
    latest.platform,
    latest.service,
    latest.revision,
    latest.percent,
    latest.minimum_percent,
    latest.percent > latest.minimum_percent AS meets_minimum,
    latest.reason,
    latest.passed,
    latest.failed,
    latest.not_evaluated,
    latest.not_applicable,
    latest.services,
    unmet.failed_policies,
    unmet.not_evaluated_policies,
    latest.evaluated_at
FROM latest
LEFT JOIN unmet
    ON unmet.materialization = latest.materialization
    AND unmet.service IS NOT DISTINCT FROM latest.service
ORDER BY latest.platform, latest.service NULLS FIRST;
