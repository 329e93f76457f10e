-- How does the latest delivered revision of every service stand, stage by stage?
--
-- The latest run of every step counts. A stage came to what the worst of its steps came to:
-- failed, then not_run, then partial, then completed; its verdict likewise: failed, then
-- not_evaluated, then passed. gate_verdict is the worst of the latest decisions of all gates on the
-- service at this revision, NULL if none was decided; failed_gates names those not passed.
-- production_revision is what runs in the environment named production, whatever was delivered.
WITH runs AS (
    SELECT
        *,
        array_position(['completed', 'partial', 'not_run', 'failed'], outcome) AS outcome_rank,
        array_position(['passed', 'not_evaluated', 'failed'], verdict) AS verdict_rank
    FROM stage_runs
    QUALIFY row_number() OVER (
        PARTITION BY service, revision, stage, step
        ORDER BY started_at DESC, materialization DESC
    ) = 1
),
delivered AS (
    SELECT service, arg_max(revision, started_at) AS revision
    FROM stage_runs
    GROUP BY service
),
stages AS (
    SELECT
        service, revision, stage,
        arg_max(platform, started_at) AS platform,
        arg_max(delivery, started_at) AS delivery,
        arg_max(outcome, outcome_rank) AS outcome,
        arg_max(verdict, verdict_rank) AS verdict,
        string_agg(DISTINCT reason, '; ' ORDER BY reason) AS reason,
        count(*) AS steps,
        min(started_at) AS started_at,
        max(finished_at) AS finished_at
    FROM runs
    JOIN delivered USING (service, revision)
    GROUP BY service, revision, stage
),
latest_decisions AS (
    SELECT
        *,
        array_position(['passed', 'not_evaluated', 'failed'], verdict) AS verdict_rank
    FROM gate_decisions
    QUALIFY row_number() OVER (
        PARTITION BY gate, service, revision ORDER BY decided_at DESC, materialization DESC
    ) = 1
),
decisions AS (
    SELECT
        service, revision,
        arg_max(verdict, verdict_rank) AS gate_verdict,
        string_agg(gate, ', ' ORDER BY gate) FILTER (verdict <> 'passed') AS failed_gates
    FROM latest_decisions
    GROUP BY service, revision
)
SELECT
    stages.platform,
    stages.service,
    stages.revision,
    stages.stage,
    stages.outcome,
    stages.verdict,
    stages.reason,
    stages.steps,
    gate_verdict,
    failed_gates,
    production.revision AS production_revision,
    stages.started_at,
    stages.finished_at,
    stages.delivery
FROM stages
LEFT JOIN decisions USING (service, revision)
LEFT JOIN current_deployments AS production
    ON production.service = stages.service AND production.environment = 'production'
ORDER BY
    stages.service,
    array_position(['source', 'build', 'test', 'scan', 'metrics', 'rollout'], stages.stage);
