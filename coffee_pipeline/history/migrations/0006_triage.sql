-- What people decide about findings, what is known of exploitation, how long a problem may stay
-- open; and the life of every finding, derived at loading so that views need not read all reports.

CREATE TABLE finding_lives (
    tool VARCHAR NOT NULL,
    scope VARCHAR NOT NULL,
    identity VARCHAR NOT NULL,
    issue VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    first_seen TIMESTAMP NOT NULL,
    last_seen TIMESTAMP NOT NULL,
    opened_at TIMESTAMP NOT NULL,
    fixed_at TIMESTAMP,
    scans BIGINT NOT NULL,
    first_revision VARCHAR NOT NULL,
    last_revision VARCHAR NOT NULL,
    service VARCHAR,
    environment VARCHAR,
    image_digest VARCHAR,
    rule VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    severity_source VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    path VARCHAR,
    line BIGINT,
    resource VARCHAR,
    cwe VARCHAR,
    aliases VARCHAR,
    cvss_vector VARCHAR,
    cvss_score DOUBLE,
    component VARCHAR,
    component_version VARCHAR,
    fixed_version VARCHAR,
    reachable BOOLEAN,
    confidence VARCHAR,
    suppressed VARCHAR,
    reference VARCHAR
);
COMMENT ON TABLE finding_lives IS
    'Every problem that a scanner reported in a scope, with its life; derived from scans and findings when they are loaded.';
COMMENT ON COLUMN finding_lives.tool IS
    'Name of the tool.';
COMMENT ON COLUMN finding_lives.scope IS
    'What was scanned: folder of a Go module, or kind:name of something else, e.g. image:menu.';
COMMENT ON COLUMN finding_lives.identity IS
    'What tells the problem from others of the tool and scope, from scan to scan.';
COMMENT ON COLUMN finding_lives.issue IS
    'The issue it is a witness of: vulnerability and component across tools, else its own identity.';
COMMENT ON COLUMN finding_lives.state IS
    'new, untouched, reactivated or fixed; see the view finding_lifecycle.';
COMMENT ON COLUMN finding_lives.first_seen IS
    'End of the first scan that reported it (UTC); kept when it comes back.';
COMMENT ON COLUMN finding_lives.last_seen IS
    'End of the last scan that reported it (UTC).';
COMMENT ON COLUMN finding_lives.opened_at IS
    'When it was first seen, or last came back after a fix (UTC).';
COMMENT ON COLUMN finding_lives.fixed_at IS
    'End of the first completed scan without it since it was last seen (UTC); NULL while there is none.';
COMMENT ON COLUMN finding_lives.scans IS
    'Scans that reported it.';
COMMENT ON COLUMN finding_lives.first_revision IS
    'Revision of the first scan that reported it.';
COMMENT ON COLUMN finding_lives.last_revision IS
    'Revision of the last scan that reported it.';
COMMENT ON COLUMN finding_lives.service IS
    'The service that it belongs to; NULL if to several or to none.';
COMMENT ON COLUMN finding_lives.environment IS
    'Environment in which it was seen last; NULL if in none.';
COMMENT ON COLUMN finding_lives.image_digest IS
    'Digest of the image in which it was seen last; NULL if in none.';
COMMENT ON COLUMN finding_lives.rule IS
    'The tool''s rule or advisory.';
COMMENT ON COLUMN finding_lives.kind IS
    'sast, dependency, container, infrastructure, secret, runtime, compliance or dast.';
COMMENT ON COLUMN finding_lives.severity IS
    'critical, high, medium, low or info.';
COMMENT ON COLUMN finding_lives.severity_source IS
    'What the severity is from.';
COMMENT ON COLUMN finding_lives.title IS
    'What it is, in one line.';
COMMENT ON COLUMN finding_lives.path IS
    'File, relative to the repository.';
COMMENT ON COLUMN finding_lives.line IS
    'Line of the file, from 1.';
COMMENT ON COLUMN finding_lives.resource IS
    'What is affected where it is no file of the repository.';
COMMENT ON COLUMN finding_lives.cwe IS
    'Weaknesses, comma-separated.';
COMMENT ON COLUMN finding_lives.aliases IS
    'Other names of the vulnerability, comma-separated.';
COMMENT ON COLUMN finding_lives.cvss_vector IS
    'CVSS vector as the report gives it.';
COMMENT ON COLUMN finding_lives.cvss_score IS
    'CVSS base score, 0 to 10.';
COMMENT ON COLUMN finding_lives.component IS
    'Package that has the problem.';
COMMENT ON COLUMN finding_lives.component_version IS
    'Version of the package.';
COMMENT ON COLUMN finding_lives.fixed_version IS
    'First version without the problem.';
COMMENT ON COLUMN finding_lives.reachable IS
    'TRUE if the tool proved that the vulnerable code is called; NULL if it does not say.';
COMMENT ON COLUMN finding_lives.confidence IS
    'How sure the tool is, in its words.';
COMMENT ON COLUMN finding_lives.suppressed IS
    'Why the tool itself does not count it; NULL if it does.';
COMMENT ON COLUMN finding_lives.reference IS
    'Where to read on.';

CREATE TABLE finding_changes (
    materialization VARCHAR NOT NULL,
    tool VARCHAR NOT NULL,
    scope VARCHAR NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    change VARCHAR NOT NULL,
    service VARCHAR,
    kind VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    findings BIGINT NOT NULL
);
COMMENT ON TABLE finding_changes IS
    'How many problems every scan found new, reactivated or fixed; derived from scans and findings when they are loaded.';
COMMENT ON COLUMN finding_changes.materialization IS
    'Key of the scan that showed the change; see materializations.';
COMMENT ON COLUMN finding_changes.tool IS
    'Name of the tool.';
COMMENT ON COLUMN finding_changes.scope IS
    'What was scanned.';
COMMENT ON COLUMN finding_changes.changed_at IS
    'End of that scan (UTC).';
COMMENT ON COLUMN finding_changes.change IS
    'new, reactivated or fixed.';
COMMENT ON COLUMN finding_changes.service IS
    'The service that the problems belong to; NULL if to several or to none.';
COMMENT ON COLUMN finding_changes.kind IS
    'Kind of the problems, as in findings.';
COMMENT ON COLUMN finding_changes.severity IS
    'Severity of the problems.';
COMMENT ON COLUMN finding_changes.findings IS
    'Number of problems; those that the tool itself suppresses are not counted.';

CREATE TABLE issue_names (
    issue VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    component VARCHAR NOT NULL
);
COMMENT ON TABLE issue_names IS
    'Every name of the vulnerability that an issue is about; derived when findings are loaded.';
COMMENT ON COLUMN issue_names.issue IS
    'The issue; see finding_lives.';
COMMENT ON COLUMN issue_names.name IS
    'CVE, GHSA, GO or other identifier in capitals.';
COMMENT ON COLUMN issue_names.component IS
    'The component in small letters, parts separated by slashes.';

CREATE TABLE derivations (
    name VARCHAR PRIMARY KEY,
    checksum VARCHAR NOT NULL
);
COMMENT ON TABLE derivations IS
    'Versions of the SQL that the derived tables were made with; another version re-derives them.';
COMMENT ON COLUMN derivations.name IS
    'What was derived.';
COMMENT ON COLUMN derivations.checksum IS
    'sha256 of the SQL.';

CREATE TABLE triage_decisions (
    materialization VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    file VARCHAR NOT NULL,
    line BIGINT,
    revision VARCHAR,
    state VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    expires_at TIMESTAMP,
    identity VARCHAR,
    rule VARCHAR,
    path VARCHAR,
    path_pattern VARCHAR,
    vulnerability VARCHAR,
    component VARCHAR,
    component_version VARCHAR,
    service VARCHAR
);
COMMENT ON TABLE triage_decisions IS
    'What people decided about findings: accepted risks, false positives, not affected. An entry counts until it expires.';
COMMENT ON COLUMN triage_decisions.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN triage_decisions.source IS
    'triage or openvex.';
COMMENT ON COLUMN triage_decisions.file IS
    'File of the decision, relative to the repository.';
COMMENT ON COLUMN triage_decisions.line IS
    'Line of the decision in the file; NULL in documents without lines of their own.';
COMMENT ON COLUMN triage_decisions.revision IS
    'Commit that the file was read at; NULL for a file outside of it.';
COMMENT ON COLUMN triage_decisions.state IS
    'accepted, false_positive or not_affected.';
COMMENT ON COLUMN triage_decisions.reason IS
    'Why.';
COMMENT ON COLUMN triage_decisions.author IS
    'Who decided.';
COMMENT ON COLUMN triage_decisions.expires_at IS
    'From when on it no longer counts (UTC); NULL if it does not expire.';
COMMENT ON COLUMN triage_decisions.identity IS
    'Applies to the finding with this identity.';
COMMENT ON COLUMN triage_decisions.rule IS
    'Applies to findings of this rule in files that match path.';
COMMENT ON COLUMN triage_decisions.path IS
    'Glob of files, ** for any folders; NULL for any place.';
COMMENT ON COLUMN triage_decisions.path_pattern IS
    'The glob as a regular expression.';
COMMENT ON COLUMN triage_decisions.vulnerability IS
    'Applies to this vulnerability, by any of its names, in capitals.';
COMMENT ON COLUMN triage_decisions.component IS
    'Only in this component, in small letters, parts separated by slashes; NULL for any.';
COMMENT ON COLUMN triage_decisions.component_version IS
    'Only in this version of the component, without a leading v; NULL for any.';
COMMENT ON COLUMN triage_decisions.service IS
    'Only in this service; NULL for any.';

CREATE TABLE exploitation (
    materialization VARCHAR NOT NULL,
    vulnerability VARCHAR NOT NULL,
    epss_score DOUBLE,
    epss_percentile DOUBLE,
    known_exploited BOOLEAN NOT NULL,
    published_at TIMESTAMP
);
COMMENT ON TABLE exploitation IS
    'What is known of vulnerabilities being used: EPSS scores and CISA''s catalogue of known exploited vulnerabilities.';
COMMENT ON COLUMN exploitation.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN exploitation.vulnerability IS
    'CVE identifier in capitals.';
COMMENT ON COLUMN exploitation.epss_score IS
    'Probability of exploitation in the next 30 days, 0..1; NULL where EPSS was not read.';
COMMENT ON COLUMN exploitation.epss_percentile IS
    'Share of vulnerabilities with the same or a lower score, 0..1.';
COMMENT ON COLUMN exploitation.known_exploited IS
    'Whether it is in CISA''s catalogue.';
COMMENT ON COLUMN exploitation.published_at IS
    'Date of the scores or of the catalogue (UTC); NULL if the file does not say.';

CREATE TABLE sla_policies (
    materialization VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    hours DOUBLE
);
COMMENT ON TABLE sla_policies IS
    'Time that a problem of a severity may stay open, as platform.yaml sets it; see the view sla_policy.';
COMMENT ON COLUMN sla_policies.materialization IS
    'Key of the materialization that the row came in; see materializations.';
COMMENT ON COLUMN sla_policies.platform IS
    'Name of the platform, as platform.yaml has it.';
COMMENT ON COLUMN sla_policies.severity IS
    'critical, high, medium, low or info.';
COMMENT ON COLUMN sla_policies.hours IS
    'Hours from first seen until it is due; NULL if never.';
