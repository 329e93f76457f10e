-- Was the monitoring there: how many scrapes of each service were answered, and where are gaps?
--
-- From the samples that were kept. A sample of up that is 0 is a scrape that was not answered: the
-- time before it was not seen. Each instance has its usual pause, the lower quartile of those between
-- two of its scrapes (half of them may be gaps); a pause of more than two and a half of these is a
-- gap, and what is longer than usual in it was not seen. seen_ratio is the share of time that was
-- seen, NULL with fewer than three scrapes: one pause cannot be told from a gap.
WITH scrapes AS (
    SELECT
        environment, service, revision,
        json_extract_string(labels, '$.instance') AS instance,
        observed_at,
        bool_or(NOT (name = 'up' AND value = 0)) AS answered
    FROM samples
    GROUP BY ALL
),
paused AS (
    SELECT
        *,
        epoch(observed_at - lag(observed_at) OVER (
            PARTITION BY environment, service, revision, instance ORDER BY observed_at
        )) AS pause
    FROM scrapes
),
usual AS (
    SELECT
        *,
        quantile_disc(pause, 0.25) OVER (
            PARTITION BY environment, service, revision, instance
        ) AS usual_pause
    FROM paused
),
seen AS (
    SELECT
        *,
        CASE
            WHEN NOT answered THEN 0
            WHEN pause > 2.5 * usual_pause THEN usual_pause
            ELSE pause
        END AS seen_seconds,
        count(*) OVER (PARTITION BY environment, service, revision, instance) > 2 AS known
    FROM usual
)
SELECT
    environment,
    service,
    revision,
    count(DISTINCT instance) AS instances,
    count(*) FILTER (answered) AS scrapes,
    count(*) FILTER (NOT answered) AS unanswered,
    min(observed_at) FILTER (answered) AS first_scrape,
    max(observed_at) FILTER (answered) AS last_scrape,
    median(usual_pause) AS usual_pause_seconds,
    count(*) FILTER (pause > 2.5 * usual_pause) AS gaps,
    max(pause) AS longest_pause_seconds,
    sum(seen_seconds) FILTER (known AND pause IS NOT NULL)
        / nullif(sum(pause) FILTER (known), 0) AS seen_ratio
FROM seen
GROUP BY environment, service, revision
ORDER BY environment, service, first_scrape;
