-- Scans look at more than Go modules: images, manifests, what runs. Findings say more about
-- themselves: where they were seen, how severe by CVSS, why a tool does not count them.

ALTER TABLE scans RENAME COLUMN module TO scope;
ALTER TABLE scans ADD COLUMN service VARCHAR;
ALTER TABLE scans ADD COLUMN environment VARCHAR;
ALTER TABLE scans ADD COLUMN image_digest VARCHAR;
ALTER TABLE scans ADD COLUMN checks_run BIGINT;
COMMENT ON TABLE scans IS
    'One run of one scanner over one scope. Its findings have the same materialization, tool and scope.';
COMMENT ON COLUMN scans.scope IS
    'What was scanned: folder of a Go module, or kind:name of something else, e.g. image:menu.';
COMMENT ON COLUMN scans.outcome IS
    'completed, partial, failed or not_run; only completed closes findings of the same tool and scope.';
COMMENT ON COLUMN scans.service IS
    'The service that the scope belongs to; NULL if to several or to none.';
COMMENT ON COLUMN scans.environment IS
    'Environment in which the scanned thing runs; NULL if it was not taken from one.';
COMMENT ON COLUMN scans.image_digest IS
    'Digest of the scanned image; NULL if no image was scanned.';
COMMENT ON COLUMN scans.checks_run IS
    'Rules or policies that were evaluated; NULL if the scanner does not say.';

ALTER TABLE findings RENAME COLUMN module TO scope;
ALTER TABLE findings ADD COLUMN service VARCHAR;
ALTER TABLE findings ADD COLUMN environment VARCHAR;
ALTER TABLE findings ADD COLUMN image_digest VARCHAR;
ALTER TABLE findings ADD COLUMN resource VARCHAR;
ALTER TABLE findings ADD COLUMN cvss_vector VARCHAR;
ALTER TABLE findings ADD COLUMN cvss_score DOUBLE;
ALTER TABLE findings ADD COLUMN suppressed VARCHAR;
ALTER TABLE findings ADD COLUMN reference VARCHAR;
COMMENT ON COLUMN findings.scope IS
    'What was scanned: folder of a Go module, or kind:name of something else, e.g. image:menu.';
COMMENT ON COLUMN findings.service IS
    'The service that the finding belongs to; NULL if to several or to none.';
COMMENT ON COLUMN findings.environment IS
    'Environment in which it was seen; NULL if it was not seen in one.';
COMMENT ON COLUMN findings.image_digest IS
    'Digest of the image in which it was seen; NULL if in none.';
COMMENT ON COLUMN findings.resource IS
    'What is affected where it is no file of the repository: a Kubernetes object, a URL, a path elsewhere.';
COMMENT ON COLUMN findings.cvss_vector IS
    'CVSS vector as the report gives it.';
COMMENT ON COLUMN findings.cvss_score IS
    'CVSS base score, 0 to 10.';
COMMENT ON COLUMN findings.suppressed IS
    'Why the tool itself does not count it; NULL if it does.';
COMMENT ON COLUMN findings.reference IS
    'Where to read on.';
