-- What did every SLO measure last, per service and environment?
--
-- The service level with the latest window; ratio is NULL, with a reason, where there was no data.
SELECT
    service, slo, environment, objective, ratio, good, total, outcome, reason, source, revision,
    window_start, window_end
FROM service_levels
QUALIFY row_number() OVER (
    PARTITION BY service, slo, environment
    ORDER BY window_end DESC, window_start DESC, materialization DESC
) = 1;
