-- The first tables: every record class of coffee_pipeline.model, and what was loaded.
--
-- A column is NOT NULL where the record's field is not optional. Times are TIMESTAMP holding UTC,
-- so that every DuckDB client reads them without the time-zone extension.

CREATE TABLE materializations (
    materialization VARCHAR PRIMARY KEY,
    outcome VARCHAR NOT NULL,
    reason VARCHAR,
    schema_version BIGINT NOT NULL,
    written_at TIMESTAMP NOT NULL,
    confirmed_at TIMESTAMP NOT NULL,
    loaded_at TIMESTAMP NOT NULL,
    rows BIGINT NOT NULL,
    table_rows MAP(VARCHAR, BIGINT) NOT NULL,
    part VARCHAR NOT NULL,
    part_checksum VARCHAR NOT NULL
);
COMMENT ON TABLE materializations IS 'What was loaded: the evidence of each materialization, one row a key.';
COMMENT ON COLUMN materializations.materialization IS
    'Key of the materialization; writing the same key again replaces its rows in every table.';
COMMENT ON COLUMN materializations.outcome IS
    'How the work ended: completed, partial, failed or not_run.';
COMMENT ON COLUMN materializations.reason IS
    'Why it ended so; NULL when all went well.';
COMMENT ON COLUMN materializations.schema_version IS
    'Number of the newest migration when it was written.';
COMMENT ON COLUMN materializations.written_at IS
    'When the evidence was written (UTC).';
COMMENT ON COLUMN materializations.confirmed_at IS
    'When identical evidence was last written (UTC); written_at if only once. The later one wins.';
COMMENT ON COLUMN materializations.loaded_at IS
    'When it was loaded (UTC).';
COMMENT ON COLUMN materializations.rows IS
    'Number of rows in all tables.';
COMMENT ON COLUMN materializations.table_rows IS
    'Number of rows by table, tables without rows left out.';
COMMENT ON COLUMN materializations.part IS
    'Name of the part that it came in.';
COMMENT ON COLUMN materializations.part_checksum IS
    'sha256 of the part''s content; equal content is not loaded again.';

CREATE TABLE revisions (
    materialization VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    parent VARCHAR,
    branch VARCHAR,
    author_name VARCHAR NOT NULL,
    author_email VARCHAR NOT NULL,
    authored_at TIMESTAMP NOT NULL,
    committed_at TIMESTAMP NOT NULL,
    subject VARCHAR NOT NULL
);
COMMENT ON TABLE revisions IS 'Git commits of the platform.';
COMMENT ON COLUMN revisions.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN revisions.platform IS
    'Name of the platform, as platform.yaml has it.';
COMMENT ON COLUMN revisions.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN revisions.parent IS
    'First parent; NULL for a root commit.';
COMMENT ON COLUMN revisions.branch IS
    'Branch that it was delivered from; NULL if not known.';
COMMENT ON COLUMN revisions.author_name IS
    'Name of the author.';
COMMENT ON COLUMN revisions.author_email IS
    'Mail address of the author.';
COMMENT ON COLUMN revisions.authored_at IS
    'Author time (UTC).';
COMMENT ON COLUMN revisions.committed_at IS
    'Commit time (UTC).';
COMMENT ON COLUMN revisions.subject IS
    'First line of the commit message.';

CREATE TABLE changed_files (
    materialization VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    previous_path VARCHAR,
    change VARCHAR NOT NULL
);
COMMENT ON TABLE changed_files IS
    'Paths that a revision changed, compared with its first parent.';
COMMENT ON COLUMN changed_files.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN changed_files.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN changed_files.path IS
    'Path, relative to the platform''s root.';
COMMENT ON COLUMN changed_files.previous_path IS
    'Former path of a renamed file.';
COMMENT ON COLUMN changed_files.change IS
    'added, modified, deleted or renamed.';

CREATE TABLE service_revisions (
    materialization VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    module VARCHAR NOT NULL,
    package VARCHAR NOT NULL,
    input_digest VARCHAR NOT NULL,
    affected BOOLEAN NOT NULL,
    base_revision VARCHAR,
    reason VARCHAR NOT NULL
);
COMMENT ON TABLE service_revisions IS
    'Services and library modules as they stand at a revision, and whether it affects them.';
COMMENT ON COLUMN service_revisions.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN service_revisions.platform IS
    'Name of the platform, as platform.yaml has it.';
COMMENT ON COLUMN service_revisions.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN service_revisions.service IS
    'Name of the service or of the library module.';
COMMENT ON COLUMN service_revisions.kind IS
    'service or library.';
COMMENT ON COLUMN service_revisions.module IS
    'Folder of the Go module, relative to the platform''s root.';
COMMENT ON COLUMN service_revisions.package IS
    'Import path or folder of the main package.';
COMMENT ON COLUMN service_revisions.input_digest IS
    'Hash over the Git trees of the module and of every module of the platform that it depends on; equal digests need no second delivery.';
COMMENT ON COLUMN service_revisions.affected IS
    'Whether the inputs differ from those at base_revision.';
COMMENT ON COLUMN service_revisions.base_revision IS
    'Revision that it was compared with: the one last delivered, else the parent.';
COMMENT ON COLUMN service_revisions.reason IS
    'Why it is affected, or why not.';

CREATE TABLE builds (
    materialization VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    module VARCHAR NOT NULL,
    package VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    detail VARCHAR,
    digest VARCHAR,
    size_bytes BIGINT,
    go_version VARCHAR,
    started_at TIMESTAMP NOT NULL,
    duration_seconds DOUBLE NOT NULL
);
COMMENT ON TABLE builds IS
    'One go build: of a service''s main package, or of all packages of a library module.';
COMMENT ON COLUMN builds.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN builds.service IS
    'Name of the service, as platform.yaml has it.';
COMMENT ON COLUMN builds.module IS
    'Folder of the Go module, relative to the platform''s root.';
COMMENT ON COLUMN builds.package IS
    'Package that was built.';
COMMENT ON COLUMN builds.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN builds.outcome IS
    'built, compile_failed, dependency_missing, no_packages, timed_out, tool_failed or not_run.';
COMMENT ON COLUMN builds.detail IS
    'The compiler''s words when it failed.';
COMMENT ON COLUMN builds.digest IS
    'sha256:... of the binary.';
COMMENT ON COLUMN builds.size_bytes IS
    'Size of the binary, in bytes.';
COMMENT ON COLUMN builds.go_version IS
    'Version of the Go toolchain.';
COMMENT ON COLUMN builds.started_at IS
    'When it started (UTC).';
COMMENT ON COLUMN builds.duration_seconds IS
    'How long it took, in seconds.';

CREATE TABLE artifacts (
    materialization VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    digest VARCHAR NOT NULL,
    media_type VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    size_bytes BIGINT NOT NULL
);
COMMENT ON TABLE artifacts IS 'Things that builds made.';
COMMENT ON COLUMN artifacts.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN artifacts.service IS
    'Name of the service, as platform.yaml has it.';
COMMENT ON COLUMN artifacts.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN artifacts.kind IS
    'binary, sbom or image.';
COMMENT ON COLUMN artifacts.digest IS
    'sha256:... of the content.';
COMMENT ON COLUMN artifacts.media_type IS
    'Media type of the content.';
COMMENT ON COLUMN artifacts.path IS
    'Path of the content in the artifact store.';
COMMENT ON COLUMN artifacts.size_bytes IS
    'Size, in bytes.';

CREATE TABLE components (
    materialization VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    purl VARCHAR NOT NULL,
    checksum VARCHAR
);
COMMENT ON TABLE components IS
    'Modules linked into a service''s binary, as its SBOM lists them.';
COMMENT ON COLUMN components.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN components.service IS
    'Name of the service, as platform.yaml has it.';
COMMENT ON COLUMN components.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN components.name IS
    'Module path.';
COMMENT ON COLUMN components.version IS
    'Module version.';
COMMENT ON COLUMN components.purl IS
    'Package URL.';
COMMENT ON COLUMN components.checksum IS
    'Checksum of the module as go.sum has it.';

CREATE TABLE module_test_runs (
    materialization VARCHAR NOT NULL,
    module VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    detail VARCHAR,
    packages BIGINT NOT NULL,
    passed BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    timed_out BIGINT NOT NULL,
    panicked BIGINT NOT NULL,
    statements BIGINT,
    covered_statements BIGINT,
    coverage_percent DOUBLE,
    coverage_complete BOOLEAN NOT NULL,
    race_detector BOOLEAN NOT NULL,
    started_at TIMESTAMP NOT NULL,
    duration_seconds DOUBLE NOT NULL
);
COMMENT ON TABLE module_test_runs IS 'One go test over a module.';
COMMENT ON COLUMN module_test_runs.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN module_test_runs.module IS
    'Folder of the Go module, relative to the platform''s root.';
COMMENT ON COLUMN module_test_runs.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN module_test_runs.outcome IS
    'Worst of its packages: ok, failed, did_not_compile, dependency_missing, vet_failed, no_tests, timed_out, panicked, no_packages, tool_failed or not_run.';
COMMENT ON COLUMN module_test_runs.detail IS
    'What the tool said, where there is more to say.';
COMMENT ON COLUMN module_test_runs.packages IS
    'Number of packages.';
COMMENT ON COLUMN module_test_runs.passed IS
    'Number of test cases that passed.';
COMMENT ON COLUMN module_test_runs.failed IS
    'Number of test cases that failed.';
COMMENT ON COLUMN module_test_runs.skipped IS
    'Number of test cases that were skipped.';
COMMENT ON COLUMN module_test_runs.timed_out IS
    'Number of test cases that a time-out caught.';
COMMENT ON COLUMN module_test_runs.panicked IS
    'Number of test cases that panicked.';
COMMENT ON COLUMN module_test_runs.statements IS
    'Statements in the coverage profile; NULL without a profile.';
COMMENT ON COLUMN module_test_runs.covered_statements IS
    'Statements that a test ran; NULL without a profile.';
COMMENT ON COLUMN module_test_runs.coverage_percent IS
    'Covered statements in percent (0-100), as go tool cover -func totals; NULL without a profile.';
COMMENT ON COLUMN module_test_runs.coverage_complete IS
    'False where a package dropped out of the profile.';
COMMENT ON COLUMN module_test_runs.race_detector IS
    'Whether the race detector was on.';
COMMENT ON COLUMN module_test_runs.started_at IS
    'When it started (UTC).';
COMMENT ON COLUMN module_test_runs.duration_seconds IS
    'How long it took, in seconds.';

CREATE TABLE package_test_runs (
    materialization VARCHAR NOT NULL,
    module VARCHAR NOT NULL,
    package VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    detail VARCHAR,
    hanging_tests VARCHAR,
    statements BIGINT,
    covered_statements BIGINT,
    coverage_percent DOUBLE,
    duration_seconds DOUBLE NOT NULL
);
COMMENT ON TABLE package_test_runs IS 'What go test said of one package.';
COMMENT ON COLUMN package_test_runs.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN package_test_runs.module IS
    'Folder of the Go module, relative to the platform''s root.';
COMMENT ON COLUMN package_test_runs.package IS
    'Import path of the package.';
COMMENT ON COLUMN package_test_runs.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN package_test_runs.outcome IS
    'ok, failed, compile_failed, dependency_missing, vet_failed, no_tests, timed_out, panicked or not_run.';
COMMENT ON COLUMN package_test_runs.detail IS
    'What the tool said, where there is more to say.';
COMMENT ON COLUMN package_test_runs.hanging_tests IS
    'Names of the tests that a time-out caught, comma-separated.';
COMMENT ON COLUMN package_test_runs.statements IS
    'Statements in the coverage profile; NULL without a profile.';
COMMENT ON COLUMN package_test_runs.covered_statements IS
    'Statements that a test ran; NULL without a profile.';
COMMENT ON COLUMN package_test_runs.coverage_percent IS
    'Covered statements in percent (0-100); NULL without a profile.';
COMMENT ON COLUMN package_test_runs.duration_seconds IS
    'How long it took, in seconds.';

CREATE TABLE test_cases (
    materialization VARCHAR NOT NULL,
    module VARCHAR NOT NULL,
    package VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    duration_seconds DOUBLE NOT NULL,
    output VARCHAR
);
COMMENT ON TABLE test_cases IS 'Tests and subtests of a module, as go test reported them.';
COMMENT ON COLUMN test_cases.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN test_cases.module IS
    'Folder of the Go module, relative to the platform''s root.';
COMMENT ON COLUMN test_cases.package IS
    'Import path of the package.';
COMMENT ON COLUMN test_cases.name IS
    'Name; TestA/sub for a subtest.';
COMMENT ON COLUMN test_cases.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN test_cases.outcome IS
    'passed, failed, skipped, timed_out or panicked.';
COMMENT ON COLUMN test_cases.duration_seconds IS
    'How long it took, in seconds.';
COMMENT ON COLUMN test_cases.output IS
    'What it printed, kept when it did not pass.';

CREATE TABLE scans (
    materialization VARCHAR NOT NULL,
    tool VARCHAR NOT NULL,
    tool_version VARCHAR,
    module VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    reason VARCHAR,
    findings BIGINT,
    packages_scanned BIGINT,
    files_scanned BIGINT,
    lines_scanned BIGINT,
    database_date TIMESTAMP,
    database_entries BIGINT,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE scans IS
    'One run of one scanner over one module. Its findings have the same materialization, tool and module.';
COMMENT ON COLUMN scans.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN scans.tool IS
    'Name of the scanner.';
COMMENT ON COLUMN scans.tool_version IS
    'Version of the scanner; NULL if it could not be asked.';
COMMENT ON COLUMN scans.module IS
    'Folder of the Go module, relative to the platform''s root.';
COMMENT ON COLUMN scans.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN scans.outcome IS
    'completed, partial, failed or not_run; only completed closes findings of the same tool and module.';
COMMENT ON COLUMN scans.reason IS
    'Why it ended so, in one line.';
COMMENT ON COLUMN scans.findings IS
    'Number of findings reported; NULL if there was no answer.';
COMMENT ON COLUMN scans.packages_scanned IS
    'Packages looked at; NULL if the scanner does not say.';
COMMENT ON COLUMN scans.files_scanned IS
    'Files looked at; NULL if the scanner does not say.';
COMMENT ON COLUMN scans.lines_scanned IS
    'Lines looked at; NULL if the scanner does not say.';
COMMENT ON COLUMN scans.database_date IS
    'Date of the vulnerability database (UTC); NULL if there is none.';
COMMENT ON COLUMN scans.database_entries IS
    'Entries in the vulnerability database; NULL if not known.';
COMMENT ON COLUMN scans.started_at IS
    'When it started (UTC).';
COMMENT ON COLUMN scans.finished_at IS
    'When it ended (UTC).';

CREATE TABLE findings (
    materialization VARCHAR NOT NULL,
    tool VARCHAR NOT NULL,
    rule VARCHAR NOT NULL,
    identity VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    severity_source VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    module VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    path VARCHAR,
    line BIGINT,
    cwe VARCHAR,
    aliases VARCHAR,
    component VARCHAR,
    component_version VARCHAR,
    fixed_version VARCHAR,
    reachable BOOLEAN,
    confidence VARCHAR,
    detail VARCHAR
);
COMMENT ON TABLE findings IS
    'Reports of problems by one tool in one scan; see finding_lifecycle for their life.';
COMMENT ON COLUMN findings.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN findings.tool IS
    'Name of the scanner.';
COMMENT ON COLUMN findings.rule IS
    'The tool''s rule or advisory.';
COMMENT ON COLUMN findings.identity IS
    'Stable across moved lines, shuffled reports and tool versions.';
COMMENT ON COLUMN findings.kind IS
    'sast, dependency, container, infrastructure, secret, runtime, compliance or dast.';
COMMENT ON COLUMN findings.severity IS
    'critical, high, medium, low or info.';
COMMENT ON COLUMN findings.severity_source IS
    'Who said the severity.';
COMMENT ON COLUMN findings.title IS
    'The problem in one line.';
COMMENT ON COLUMN findings.module IS
    'Folder of the Go module, relative to the platform''s root.';
COMMENT ON COLUMN findings.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN findings.path IS
    'File, relative to the platform''s root.';
COMMENT ON COLUMN findings.line IS
    'Line in the file, from 1.';
COMMENT ON COLUMN findings.cwe IS
    'CWE identifier.';
COMMENT ON COLUMN findings.aliases IS
    'Identifiers (CVE, GHSA, GO), comma-separated.';
COMMENT ON COLUMN findings.component IS
    'Vulnerable component.';
COMMENT ON COLUMN findings.component_version IS
    'Version in use.';
COMMENT ON COLUMN findings.fixed_version IS
    'First version without the problem.';
COMMENT ON COLUMN findings.reachable IS
    'True when the tool proved that the vulnerable code is called; NULL if it does not say.';
COMMENT ON COLUMN findings.confidence IS
    'The tool''s confidence, in its own words.';
COMMENT ON COLUMN findings.detail IS
    'The tool''s longer explanation.';

CREATE TABLE samples (
    materialization VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    track VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    labels VARCHAR NOT NULL,
    observed_at TIMESTAMP NOT NULL,
    value DOUBLE NOT NULL
);
COMMENT ON TABLE samples IS 'Scraped values of metrics.';
COMMENT ON COLUMN samples.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN samples.environment IS
    'Name of the environment, as platform.yaml has it.';
COMMENT ON COLUMN samples.service IS
    'Name of the service, as platform.yaml has it.';
COMMENT ON COLUMN samples.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN samples.track IS
    'stable or canary.';
COMMENT ON COLUMN samples.name IS
    'Name of the metric.';
COMMENT ON COLUMN samples.labels IS
    'Labels as a JSON object with sorted keys.';
COMMENT ON COLUMN samples.observed_at IS
    'When it was scraped (UTC).';
COMMENT ON COLUMN samples.value IS
    'The value, in the metric''s own unit.';

CREATE TABLE service_levels (
    materialization VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    slo VARCHAR NOT NULL,
    objective DOUBLE NOT NULL,
    environment VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    window_start TIMESTAMP NOT NULL,
    window_end TIMESTAMP NOT NULL,
    good DOUBLE,
    total DOUBLE,
    ratio DOUBLE,
    source VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    reason VARCHAR
);
COMMENT ON TABLE service_levels IS 'One SLI measured over one window for one SLO.';
COMMENT ON COLUMN service_levels.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN service_levels.service IS
    'Name of the service, as platform.yaml has it.';
COMMENT ON COLUMN service_levels.slo IS
    'Name of the SLO.';
COMMENT ON COLUMN service_levels.objective IS
    'Objective, 0..1.';
COMMENT ON COLUMN service_levels.environment IS
    'Name of the environment, as platform.yaml has it.';
COMMENT ON COLUMN service_levels.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN service_levels.window_start IS
    'Start of the window (UTC).';
COMMENT ON COLUMN service_levels.window_end IS
    'End of the window (UTC).';
COMMENT ON COLUMN service_levels.good IS
    'Good events in the window; NULL without data.';
COMMENT ON COLUMN service_levels.total IS
    'All events in the window; NULL without data.';
COMMENT ON COLUMN service_levels.ratio IS
    'good / total, 0..1; NULL without data, which is not 100 %.';
COMMENT ON COLUMN service_levels.source IS
    'prometheus or scrape.';
COMMENT ON COLUMN service_levels.outcome IS
    'completed, partial, failed or not_run; only completed may count as clean.';
COMMENT ON COLUMN service_levels.reason IS
    'Why there is no ratio.';

CREATE TABLE instrumentation (
    materialization VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    health BOOLEAN,
    readiness BOOLEAN,
    metrics BOOLEAN,
    red_metrics BOOLEAN,
    traces BOOLEAN,
    version BOOLEAN,
    observed_at TIMESTAMP NOT NULL,
    reason VARCHAR
);
COMMENT ON TABLE instrumentation IS
    'What a running service was seen to expose; NULL means that it could not be checked.';
COMMENT ON COLUMN instrumentation.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN instrumentation.service IS
    'Name of the service, as platform.yaml has it.';
COMMENT ON COLUMN instrumentation.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN instrumentation.environment IS
    'Name of the environment, as platform.yaml has it.';
COMMENT ON COLUMN instrumentation.health IS
    'Answers its health endpoint.';
COMMENT ON COLUMN instrumentation.readiness IS
    'Answers its readiness endpoint.';
COMMENT ON COLUMN instrumentation.metrics IS
    'Exposes metrics.';
COMMENT ON COLUMN instrumentation.red_metrics IS
    'Exposes rate, errors and duration of requests.';
COMMENT ON COLUMN instrumentation.traces IS
    'Passes trace context on.';
COMMENT ON COLUMN instrumentation.version IS
    'Tells its version.';
COMMENT ON COLUMN instrumentation.observed_at IS
    'When it was looked at (UTC).';
COMMENT ON COLUMN instrumentation.reason IS
    'Why something could not be checked.';

CREATE TABLE gate_decisions (
    materialization VARCHAR NOT NULL,
    gate VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    decided_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE gate_decisions IS 'Policy decisions over evidence.';
COMMENT ON COLUMN gate_decisions.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN gate_decisions.gate IS
    'Name of the gate.';
COMMENT ON COLUMN gate_decisions.service IS
    'Name of the service, as platform.yaml has it.';
COMMENT ON COLUMN gate_decisions.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN gate_decisions.verdict IS
    'passed, failed or not_evaluated (evidence is missing).';
COMMENT ON COLUMN gate_decisions.reason IS
    'Why, in one line.';
COMMENT ON COLUMN gate_decisions.decided_at IS
    'When it was decided (UTC).';

CREATE TABLE gate_rules (
    materialization VARCHAR NOT NULL,
    gate VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    rule VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    blocking BOOLEAN NOT NULL,
    actual VARCHAR NOT NULL,
    required VARCHAR NOT NULL,
    evidence VARCHAR NOT NULL,
    decided_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE gate_rules IS
    'Every rule of a gate decision, with what it read. Rows of a decision have its materialization and gate.';
COMMENT ON COLUMN gate_rules.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN gate_rules.gate IS
    'Name of the gate.';
COMMENT ON COLUMN gate_rules.service IS
    'Name of the service, as platform.yaml has it.';
COMMENT ON COLUMN gate_rules.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN gate_rules.rule IS
    'Name of the rule.';
COMMENT ON COLUMN gate_rules.verdict IS
    'passed, failed or not_evaluated (evidence is missing).';
COMMENT ON COLUMN gate_rules.blocking IS
    'Whether the rule can stop a delivery.';
COMMENT ON COLUMN gate_rules.actual IS
    'What was found.';
COMMENT ON COLUMN gate_rules.required IS
    'What the rule asks for.';
COMMENT ON COLUMN gate_rules.evidence IS
    'Which rows the rule read.';
COMMENT ON COLUMN gate_rules.decided_at IS
    'When it was decided (UTC).';

CREATE TABLE deployments (
    materialization VARCHAR NOT NULL,
    deployment_id VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    artifact_digest VARCHAR NOT NULL,
    strategy VARCHAR NOT NULL,
    cause VARCHAR NOT NULL,
    previous_revision VARCHAR,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP NOT NULL,
    outcome VARCHAR NOT NULL,
    reason VARCHAR NOT NULL
);
COMMENT ON TABLE deployments IS
    'Acts of putting an artifact into an environment, with their outcome.';
COMMENT ON COLUMN deployments.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN deployments.deployment_id IS
    'Identity of the deployment.';
COMMENT ON COLUMN deployments.service IS
    'Name of the service, as platform.yaml has it.';
COMMENT ON COLUMN deployments.environment IS
    'Name of the environment, as platform.yaml has it.';
COMMENT ON COLUMN deployments.revision IS
    'Git commit hash of what was deployed.';
COMMENT ON COLUMN deployments.artifact_digest IS
    'sha256:... of what was deployed.';
COMMENT ON COLUMN deployments.strategy IS
    'initial, direct, canary or rollback.';
COMMENT ON COLUMN deployments.cause IS
    'delivery or operator.';
COMMENT ON COLUMN deployments.previous_revision IS
    'What ran before; after rolled_back it runs again.';
COMMENT ON COLUMN deployments.started_at IS
    'When it started (UTC).';
COMMENT ON COLUMN deployments.finished_at IS
    'When it ended (UTC).';
COMMENT ON COLUMN deployments.outcome IS
    'succeeded, rolled_back or failed.';
COMMENT ON COLUMN deployments.reason IS
    'Why it ended so, in one line.';

CREATE TABLE rollout_steps (
    materialization VARCHAR NOT NULL,
    deployment_id VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    step BIGINT NOT NULL,
    weight_percent BIGINT NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP NOT NULL,
    phase VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    requests BIGINT NOT NULL,
    lost_requests BIGINT NOT NULL
);
COMMENT ON TABLE rollout_steps IS 'Steps of canary deployments.';
COMMENT ON COLUMN rollout_steps.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN rollout_steps.deployment_id IS
    'Identity of the deployment.';
COMMENT ON COLUMN rollout_steps.service IS
    'Name of the service, as platform.yaml has it.';
COMMENT ON COLUMN rollout_steps.environment IS
    'Name of the environment, as platform.yaml has it.';
COMMENT ON COLUMN rollout_steps.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN rollout_steps.step IS
    'Number of the step, in order.';
COMMENT ON COLUMN rollout_steps.weight_percent IS
    'Share of the traffic that went to the canary, in percent (0-100).';
COMMENT ON COLUMN rollout_steps.started_at IS
    'When it started (UTC).';
COMMENT ON COLUMN rollout_steps.finished_at IS
    'When it ended (UTC).';
COMMENT ON COLUMN rollout_steps.phase IS
    'Successful, Failed, Inconclusive, Error or Running.';
COMMENT ON COLUMN rollout_steps.reason IS
    'Why it ended so, in one line.';
COMMENT ON COLUMN rollout_steps.requests IS
    'Requests during the step.';
COMMENT ON COLUMN rollout_steps.lost_requests IS
    'Requests that got no answer.';

CREATE TABLE analysis_runs (
    materialization VARCHAR NOT NULL,
    analysis_id VARCHAR NOT NULL,
    deployment_id VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    step BIGINT NOT NULL,
    phase VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE analysis_runs IS 'Analyses of canary steps: canary against stable.';
COMMENT ON COLUMN analysis_runs.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN analysis_runs.analysis_id IS
    'Identity of the analysis run.';
COMMENT ON COLUMN analysis_runs.deployment_id IS
    'Identity of the deployment.';
COMMENT ON COLUMN analysis_runs.service IS
    'Name of the service, as platform.yaml has it.';
COMMENT ON COLUMN analysis_runs.environment IS
    'Name of the environment, as platform.yaml has it.';
COMMENT ON COLUMN analysis_runs.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN analysis_runs.step IS
    'Number of the step that was analysed.';
COMMENT ON COLUMN analysis_runs.phase IS
    'Successful, Failed, Inconclusive, Error or Running.';
COMMENT ON COLUMN analysis_runs.reason IS
    'Why it ended so, in one line.';
COMMENT ON COLUMN analysis_runs.started_at IS
    'When it started (UTC).';
COMMENT ON COLUMN analysis_runs.finished_at IS
    'When it ended (UTC).';

CREATE TABLE measurements (
    materialization VARCHAR NOT NULL,
    analysis_id VARCHAR NOT NULL,
    deployment_id VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    phase VARCHAR NOT NULL,
    canary DOUBLE,
    stable DOUBLE,
    threshold DOUBLE,
    p_value DOUBLE,
    effect_size DOUBLE,
    canary_samples BIGINT NOT NULL,
    stable_samples BIGINT NOT NULL,
    reason VARCHAR NOT NULL
);
COMMENT ON TABLE measurements IS 'Metrics of analysis runs.';
COMMENT ON COLUMN measurements.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN measurements.analysis_id IS
    'Identity of the analysis run.';
COMMENT ON COLUMN measurements.deployment_id IS
    'Identity of the deployment.';
COMMENT ON COLUMN measurements.metric IS
    'success_rate (0..1), latency_p95, latency_p99 (seconds) or latency_shift.';
COMMENT ON COLUMN measurements.phase IS
    'Successful, Failed, Inconclusive, Error or Running.';
COMMENT ON COLUMN measurements.canary IS
    'Value of the canary, in the metric''s unit.';
COMMENT ON COLUMN measurements.stable IS
    'Value of the stable track, in the metric''s unit.';
COMMENT ON COLUMN measurements.threshold IS
    'Limit that was applied, in the metric''s unit.';
COMMENT ON COLUMN measurements.p_value IS
    'p-value where the metric is a statistical test, 0..1.';
COMMENT ON COLUMN measurements.effect_size IS
    'Effect size where the metric is a statistical test.';
COMMENT ON COLUMN measurements.canary_samples IS
    'Requests of the canary.';
COMMENT ON COLUMN measurements.stable_samples IS
    'Requests of the stable track.';
COMMENT ON COLUMN measurements.reason IS
    'Why it ended so, in one line.';

CREATE TABLE incidents (
    materialization VARCHAR NOT NULL,
    incident_id VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    revision VARCHAR,
    deployment_id VARCHAR,
    title VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    opened_at TIMESTAMP NOT NULL,
    resolved_at TIMESTAMP
);
COMMENT ON TABLE incidents IS 'Failures that users could feel.';
COMMENT ON COLUMN incidents.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN incidents.incident_id IS
    'Identity of the incident.';
COMMENT ON COLUMN incidents.service IS
    'Name of the service, as platform.yaml has it.';
COMMENT ON COLUMN incidents.environment IS
    'Name of the environment, as platform.yaml has it.';
COMMENT ON COLUMN incidents.revision IS
    'Revision that ran; NULL if not known.';
COMMENT ON COLUMN incidents.deployment_id IS
    'Deployment that caused it, where evidence says so.';
COMMENT ON COLUMN incidents.title IS
    'The failure in one line.';
COMMENT ON COLUMN incidents.severity IS
    'Severity, as the source says it.';
COMMENT ON COLUMN incidents.source IS
    'Who reported it.';
COMMENT ON COLUMN incidents.opened_at IS
    'When it began (UTC).';
COMMENT ON COLUMN incidents.resolved_at IS
    'When it ended (UTC); NULL while it is open.';

CREATE TABLE stage_runs (
    materialization VARCHAR NOT NULL,
    delivery VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    stage VARCHAR NOT NULL,
    step VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    reason VARCHAR,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE stage_runs IS
    'Steps of stages of services, as they ended; a stage came to what the worst of its steps came to.';
COMMENT ON COLUMN stage_runs.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN stage_runs.delivery IS
    'Groups the runs of one request.';
COMMENT ON COLUMN stage_runs.platform IS
    'Name of the platform, as platform.yaml has it.';
COMMENT ON COLUMN stage_runs.service IS
    'Name of the service, as platform.yaml has it.';
COMMENT ON COLUMN stage_runs.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN stage_runs.stage IS
    'source, build, test, scan, metrics or rollout.';
COMMENT ON COLUMN stage_runs.step IS
    'The asset that did it.';
COMMENT ON COLUMN stage_runs.outcome IS
    'completed, partial, failed or not_run; only completed may count as clean.';
COMMENT ON COLUMN stage_runs.verdict IS
    'What its gates said: passed, failed or not_evaluated.';
COMMENT ON COLUMN stage_runs.reason IS
    'Why it ended so; NULL when all went well.';
COMMENT ON COLUMN stage_runs.started_at IS
    'When it started (UTC).';
COMMENT ON COLUMN stage_runs.finished_at IS
    'When it ended (UTC).';

CREATE TABLE tool_runs (
    materialization VARCHAR NOT NULL,
    stage VARCHAR NOT NULL,
    tool VARCHAR NOT NULL,
    tool_version VARCHAR,
    scope VARCHAR NOT NULL,
    revision VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    reason VARCHAR,
    command VARCHAR NOT NULL,
    exit_code BIGINT,
    started_at TIMESTAMP NOT NULL,
    duration_seconds DOUBLE NOT NULL,
    cpu_seconds DOUBLE,
    peak_memory_bytes BIGINT
);
COMMENT ON TABLE tool_runs IS 'Processes of tools.';
COMMENT ON COLUMN tool_runs.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN tool_runs.stage IS
    'source, build, test, scan, metrics or rollout.';
COMMENT ON COLUMN tool_runs.tool IS
    'Name of the tool.';
COMMENT ON COLUMN tool_runs.tool_version IS
    'Version of the tool; NULL if it could not be asked.';
COMMENT ON COLUMN tool_runs.scope IS
    'What it worked on: a service, a module or the platform.';
COMMENT ON COLUMN tool_runs.revision IS
    'Git commit hash of the platform.';
COMMENT ON COLUMN tool_runs.outcome IS
    'completed, partial, failed or not_run; only completed may count as clean.';
COMMENT ON COLUMN tool_runs.reason IS
    'Why it ended so; NULL when all went well.';
COMMENT ON COLUMN tool_runs.command IS
    'Command line, secrets redacted.';
COMMENT ON COLUMN tool_runs.exit_code IS
    'Exit code; negative is the signal that ended it; NULL if it never ran.';
COMMENT ON COLUMN tool_runs.started_at IS
    'When it started (UTC).';
COMMENT ON COLUMN tool_runs.duration_seconds IS
    'How long it took, in seconds.';
COMMENT ON COLUMN tool_runs.cpu_seconds IS
    'CPU time, in seconds.';
COMMENT ON COLUMN tool_runs.peak_memory_bytes IS
    'Largest resident memory, in bytes.';
