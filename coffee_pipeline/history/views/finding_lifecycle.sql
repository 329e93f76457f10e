-- What became of every problem that a scanner reported: new, untouched, reactivated or closed.
--
-- Only completed scans close: a problem is closed by the first completed scan of the same tool and
-- module, in order of finished_at, that does not report it. A partial scan may report problems but
-- closes none; a failed scan or one that did not run changes nothing. Of the open ones, new means
-- that the last report is the first ever, reactivated that it is the first after a closing, and
-- untouched that the report before it belongs to the same stretch. A finding belongs to the scan
-- with its materialization, tool and module. scans is the number of scans that reported it; the
-- descriptive columns are those of the last report.
WITH observing AS (
    SELECT
        materialization, tool, module, revision, outcome, finished_at,
        row_number() OVER in_order AS scan_number,
        count(*) FILTER (outcome = 'completed') OVER in_order AS completed_scans
    FROM scans
    WHERE outcome IN ('completed', 'partial')
    WINDOW in_order AS (
        PARTITION BY tool, module ORDER BY finished_at, materialization
        ROWS UNBOUNDED PRECEDING
    )
),
closing AS (
    SELECT tool, module, completed_scans, finished_at
    FROM observing
    WHERE outcome = 'completed'
),
latest AS (
    SELECT tool, module, max(completed_scans) AS completed_scans
    FROM observing
    GROUP BY tool, module
),
sightings AS (
    SELECT
        tool, module, findings.identity, scan_number, completed_scans, finished_at,
        observing.revision,
        completed_scans - (observing.outcome = 'completed')::BIGINT AS completed_before,
        any_value({
            'rule': rule, 'kind': kind, 'severity': severity, 'title': title, 'path': path,
            'line': line, 'component': component, 'fixed_version': fixed_version,
            'reachable': reachable
        }) AS report
    FROM findings
    JOIN observing USING (materialization, tool, module)
    GROUP BY ALL
),
stretches AS (
    -- A report starts a stretch if a completed scan lies between it and the report before it.
    SELECT
        *,
        coalesce(
            completed_before > lag(completed_scans) OVER (
                PARTITION BY tool, module, identity ORDER BY scan_number
            ),
            true
        ) AS starts
    FROM sightings
),
lives AS (
    SELECT
        tool, module, identity,
        arg_max(report, scan_number) AS report,
        arg_max(starts, scan_number) AS just_started,
        count(*) FILTER (starts) AS stretches,
        max(completed_scans) AS completed_scans,
        min(finished_at) AS first_seen,
        max(finished_at) AS last_seen,
        arg_min(revision, scan_number) AS first_revision,
        arg_max(revision, scan_number) AS last_revision,
        count(*) AS scans
    FROM stretches
    GROUP BY tool, module, identity
)
SELECT
    lives.tool,
    lives.module,
    lives.identity,
    CASE
        WHEN latest.completed_scans > lives.completed_scans THEN 'closed'
        WHEN NOT just_started THEN 'untouched'
        WHEN stretches = 1 THEN 'new'
        ELSE 'reactivated'
    END AS state,
    first_seen,
    last_seen,
    closing.finished_at AS closed_at,
    scans,
    first_revision,
    last_revision,
    report.rule AS rule,
    report.kind AS kind,
    report.severity AS severity,
    report.title AS title,
    report.path AS path,
    report.line AS line,
    report.component AS component,
    report.fixed_version AS fixed_version,
    report.reachable AS reachable
FROM lives
JOIN latest USING (tool, module)
LEFT JOIN closing
    ON closing.tool = lives.tool
    AND closing.module = lives.module
    AND closing.completed_scans = lives.completed_scans + 1;
