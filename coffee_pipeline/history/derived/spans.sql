-- Every report of a problem, with what it changed: whether it opened or reopened the problem, and
-- which scan after it showed that the problem is gone.
--
-- Of the series (tool and scope) in the temporary table touched. A problem is gone when the next
-- completed scan of its series does not report it; a partial scan reports problems but proves none
-- gone, a failed one and one that did not run do neither. Scans count in the order they ended.
CREATE OR REPLACE TEMP TABLE spans AS
WITH observing AS (
    SELECT
        materialization, tool, scope, revision, finished_at,
        dense_rank() OVER (ORDER BY tool, scope) AS series,
        row_number() OVER in_order AS scan_number,
        outcome = 'completed' AS completed,
        count(*) FILTER (outcome = 'completed') OVER in_order AS completed_scans
    FROM scans
    JOIN touched USING (tool, scope)
    WHERE outcome IN ('completed', 'partial')
    WINDOW in_order AS (
        PARTITION BY tool, scope ORDER BY finished_at, materialization
        ROWS UNBOUNDED PRECEDING
    )
),
totals AS (
    SELECT series, max(completed_scans) AS completed_scans FROM observing GROUP BY series
),
sightings AS (
    SELECT
        series, scan_number, identity,
        -- One report speaks for all of a scan: the first that counts, else the first.
        coalesce(
            min(findings.rowid) FILTER (suppressed IS NULL), min(findings.rowid)
        ) AS report,
        bool_and(suppressed IS NOT NULL) AS suppressed
    FROM findings
    JOIN observing USING (materialization, tool, scope)
    GROUP BY ALL
),
neighbours AS (
    SELECT
        sightings.*,
        observing.materialization,
        observing.finished_at,
        observing.revision,
        observing.completed_scans,
        observing.completed_scans - observing.completed::BIGINT AS completed_before,
        lag(observing.completed_scans) OVER life AS completed_at_last,
        lead(observing.completed_scans - observing.completed::BIGINT) OVER life AS completed_by_next,
        lead(scan_number) OVER life IS NULL AS is_last
    FROM sightings
    JOIN observing USING (series, scan_number)
    WINDOW life AS (PARTITION BY series, identity ORDER BY scan_number)
),
judged AS (
    SELECT
        neighbours.* EXCLUDE (completed_before, completed_at_last, completed_by_next),
        CASE
            WHEN completed_at_last IS NULL THEN 'new'
            WHEN completed_before > completed_at_last THEN 'reactivated'
        END AS opened,
        CASE
            WHEN coalesce(completed_by_next, totals.completed_scans) > neighbours.completed_scans
                THEN neighbours.completed_scans + 1
        END AS closing_scan
    FROM neighbours
    JOIN totals USING (series)
),
closings AS (
    SELECT series, completed_scans AS closing_scan, finished_at, materialization
    FROM observing
    WHERE completed
)
SELECT
    judged.* EXCLUDE (closing_scan),
    closings.finished_at AS fixed_at,
    closings.materialization AS fixed_by
FROM judged
LEFT JOIN closings USING (series, closing_scan)
