-- Which rules kept which service from passing which gate, and why?
--
-- The rules that did not pass of every gate's latest decision on a service and revision, where the
-- decision itself is not passed; a decision without such rules has one row with NULL for the rule.
WITH latest AS (
    SELECT *
    FROM gate_decisions
    QUALIFY row_number() OVER (
        PARTITION BY gate, service, revision ORDER BY decided_at DESC, materialization DESC
    ) = 1
)
SELECT
    latest.gate,
    latest.service,
    latest.revision,
    latest.verdict AS gate_verdict,
    latest.reason AS gate_reason,
    gate_rules.rule,
    gate_rules.verdict AS rule_verdict,
    gate_rules.blocking,
    gate_rules.actual,
    gate_rules.required,
    gate_rules.evidence,
    latest.decided_at
FROM latest
LEFT JOIN gate_rules
    ON gate_rules.materialization = latest.materialization
    AND gate_rules.gate = latest.gate
    AND gate_rules.service = latest.service
    AND gate_rules.revision = latest.revision
    AND gate_rules.verdict <> 'passed'
WHERE latest.verdict <> 'passed'
ORDER BY latest.decided_at DESC, latest.gate, latest.service, gate_rules.rule;
