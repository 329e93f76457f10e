-- What became of every problem that a scanner reported: new, untouched, reactivated or closed?
--
-- Only completed scans close: a problem is closed by the first completed scan of the same tool and
-- scope, in order of finished_at, that does not report it. A partial scan may report problems but
-- closes none; a failed scan or one that did not run changes nothing. Of the open ones, new means
-- that the last report is the first ever, reactivated that a completed scan without it lies between
-- the last report and the one before, and untouched that none does. A finding belongs to the scan
-- with its materialization, tool and scope. scans is the number of scans that reported it; the
-- descriptive columns are those of the last report.
WITH observing AS (
    SELECT
        materialization, tool, scope, revision, finished_at,
        dense_rank() OVER (ORDER BY tool, scope) AS series,
        row_number() OVER in_order AS scan_number,
        outcome = 'completed' AS completed,
        count(*) FILTER (outcome = 'completed') OVER in_order AS completed_scans
    FROM scans
    WHERE outcome IN ('completed', 'partial')
    WINDOW in_order AS (
        PARTITION BY tool, scope ORDER BY finished_at, materialization
        ROWS UNBOUNDED PRECEDING
    )
),
sightings AS (
    SELECT series, identity, scan_number, min(findings.rowid) AS report
    FROM findings
    JOIN observing USING (materialization, tool, scope)
    GROUP BY ALL
),
lives AS (
    SELECT
        series, identity,
        count(*) AS scans,
        min(scan_number) AS first_scan,
        max(scan_number) AS last_scan,
        max(scan_number, 2)[2] AS scan_before,
        arg_max(report, scan_number) AS report
    FROM sightings
    GROUP BY series, identity
),
latest AS (
    SELECT series, max(completed_scans) AS completed_scans
    FROM observing
    GROUP BY series
)
SELECT
    last.tool,
    last.scope,
    reported.service,
    lives.identity,
    CASE
        WHEN latest.completed_scans > last.completed_scans THEN 'closed'
        WHEN lives.scans = 1 THEN 'new'
        WHEN last.completed_scans - last.completed::BIGINT > before.completed_scans
            THEN 'reactivated'
        ELSE 'untouched'
    END AS state,
    first.finished_at AS first_seen,
    last.finished_at AS last_seen,
    closing.finished_at AS closed_at,
    lives.scans,
    first.revision AS first_revision,
    last.revision AS last_revision,
    reported.rule,
    reported.kind,
    reported.severity,
    reported.title,
    reported.path,
    reported.line,
    reported.component,
    reported.fixed_version,
    reported.reachable
FROM lives
JOIN latest USING (series)
JOIN observing AS first
    ON first.series = lives.series AND first.scan_number = lives.first_scan
JOIN observing AS last
    ON last.series = lives.series AND last.scan_number = lives.last_scan
LEFT JOIN observing AS before
    ON before.series = lives.series AND before.scan_number = lives.scan_before
LEFT JOIN observing AS closing
    ON closing.series = lives.series
    AND closing.completed
    AND closing.completed_scans = last.completed_scans + 1
JOIN findings AS reported ON reported.rowid = lives.report;
