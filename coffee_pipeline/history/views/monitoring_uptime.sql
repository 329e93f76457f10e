-- Was the monitoring there: how many scrapes of each service were answered, and where are gaps?
--
-- From the samples that were kept. Each instance has its usual pause, the median between two of its
-- scrapes; a pause of more than two and a half of these is a gap, and what is longer than usual in
-- it was not seen. seen_ratio is the share of time that was seen, NULL with fewer than two scrapes:
-- no data is not 100 %. A sample of up that is 0 is a scrape that was not answered.
WITH scrapes AS (
    SELECT DISTINCT
        environment, service, revision,
        json_extract_string(labels, '$.instance') AS instance,
        observed_at
    FROM samples
    WHERE NOT (name = 'up' AND value = 0)
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
        median(pause) OVER (
            PARTITION BY environment, service, revision, instance
        ) AS usual_pause
    FROM paused
)
SELECT
    environment,
    service,
    revision,
    count(DISTINCT instance) AS instances,
    count(*) AS scrapes,
    min(observed_at) AS first_scrape,
    max(observed_at) AS last_scrape,
    median(usual_pause) AS usual_pause_seconds,
    count(*) FILTER (pause > 2.5 * usual_pause) AS gaps,
    max(pause) AS longest_pause_seconds,
    1 - coalesce(sum(pause - usual_pause) FILTER (pause > 2.5 * usual_pause), 0)
        / nullif(sum(pause), 0) AS seen_ratio
FROM usual
GROUP BY environment, service, revision
ORDER BY environment, service, first_scrape;
