-- Has every service and every objective its dashboards and alerts, at the revision looked at last?
--
-- One row for each service and kind of check. checked counts what could be answered; unknown what
-- could not, which is no pass. covered is true when all was answered and all is there; missing
-- names what is not.
WITH latest AS (
    SELECT *
    FROM observability_checks
    QUALIFY dense_rank() OVER (
        PARTITION BY service ORDER BY observed_at DESC, materialization DESC
    ) = 1
)
SELECT
    service,
    kind,
    any_value(revision) AS revision,
    count(passed) AS checked,
    count(*) FILTER (passed) AS present,
    count(*) FILTER (passed IS NULL) AS unknown,
    count(*) FILTER (passed) = count(*) AS covered,
    string_agg(subject || ': ' || reason, '; ' ORDER BY subject)
        FILTER (passed IS DISTINCT FROM TRUE) AS missing,
    max(observed_at) AS observed_at
FROM latest
GROUP BY service, kind
ORDER BY service, kind;
