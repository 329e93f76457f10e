-- Days of service levels are kept by platform: two with a service of one name replaced each other's.
-- Keys change from levels/ENVIRONMENT/... to levels/PLATFORM/ENVIRONMENT/...

CREATE TEMP TABLE renamed AS
SELECT DISTINCT
    materialization AS before,
    'levels/' || platform || substr(materialization, 7) AS after
FROM level_days;
UPDATE level_samples SET materialization = after FROM renamed WHERE materialization = before;
UPDATE level_days SET materialization = after FROM renamed WHERE materialization = before;
UPDATE materializations SET materialization = after FROM renamed WHERE materialization = before;
DROP TABLE renamed;
