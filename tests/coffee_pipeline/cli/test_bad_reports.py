"""Reports that are broken, hostile or huge, through ``ingest auto``: one error, nothing stored."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from coffee_pipeline.cli import ingest, report
from coffee_pipeline.errors import ParseError, PipelineError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.home import Home
from coffee_pipeline.model.finding import Finding, Scan
from tests.coffee_pipeline.tools.every_report import EVERY_REPORT

ABOUT = ("--module", "m", "--revision", "0" * 40)
SARIF = next(one for one in EVERY_REPORT if one.name == "sarif").content
ZAP = next(one for one in EVERY_REPORT if one.name == "zap-zap.xml").content
ENTITIES = '<?xml version="1.0"?><!DOCTYPE x [{}]><OWASPZAPReport version="2">&a;</OWASPZAPReport>'
LAUGHS = '<!ENTITY z "ha">' + "".join(
    f'<!ENTITY {name} "{f"&{below};" * 10}">'
    for name, below in zip("yxwvutsrqa", "zyxwvutsrq", strict=True)
)
CSV = (
    "Vulnerability ID,Severity,Package name,Package version,Package type,Package path,Image,"
    "OS Name,CVSS version,CVSS score,CVSS vector,Vuln link,Vuln Publish date,Vuln Fix date,"
    "Fix version,Public Exploit\r\n"
    "CVE-2026-10001,High,crème,1.4.0,python,/usr/lib/crème,café:1,debian,3.1,7.5,,x,x,x,1.5,no\r\n"
)


@pytest.fixture
def app(home: Home) -> typer.Typer:
    made = typer.Typer()

    @made.callback()
    def options(context: typer.Context) -> None:
        context.obj = home

    ingest.register(made)
    report.register(made)
    return made


def invoke(app: typer.Typer, *arguments: object):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def stored(home: Home, record_type):
    history = HistoryReader(home)
    history.refresh()
    return history.records(record_type)


BROKEN = {
    "empty": (b"", "line 1: the report is empty"),
    "blank": (b" \r\n\t\n", "line 1: the report is empty"),
    "cut JSON": (SARIF[: len(SARIF) // 2], "line 1: not JSON"),
    "cut XML": (ZAP[: len(ZAP) // 2], ": not XML"),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\x00\xff", "byte 0: not UTF-8 text"),
    "archive of nothing": (b"PK\x05\x06" + b"\x00" * 18, "line 1: no known format"),
    "deep JSON": (b'{"version": "2.1.0", "runs": ' + b"[" * 2000 + b"]" * 2000 + b"}",
                  "line 1: nested "),
    "endless depth": (b'{"runs": ' + b"[" * 300_000, "line 1: nested too deeply"),
    "expansion": (ENTITIES.format(LAUGHS).encode(), "line 1: declares entities"),
    "a file": (ENTITIES.format('<!ENTITY a SYSTEM "file:///etc/passwd">').encode(),
               "line 1: declares entities"),
    "a server": (ENTITIES.format('<!ENTITY a SYSTEM "http://127.0.0.1:9/">').encode(),
                 "line 1: declares entities"),
    "nothing known": (b'{"hello": "world"}', "line 1: no known format"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_bad_report_is_one_error_and_nothing_stored(
    app: typer.Typer, home: Home, tmp_path: Path, name: str
) -> None:
    content, words = BROKEN[name]
    path = tmp_path / "report"
    path.write_bytes(content)
    done = invoke(app, "ingest", "auto", path, *ABOUT)
    assert isinstance(done.exception, ParseError)
    said = str(done.exception)
    assert said.startswith(f"{path}:")
    assert words in said
    assert "\n" not in said
    assert "root:" not in said
    assert stored(home, Scan) == []
    assert list(home.parts.iterdir()) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_csv_as_spreadsheets_write_it(
    app: typer.Typer, home: Home, tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "report.csv"
    path.write_bytes(CSV.encode(encoding))
    done = invoke(app, "ingest", "auto", path, *ABOUT)
    assert done.exception is None, done.exception
    (finding,) = stored(home, Finding)
    assert (finding.rule, finding.component) == ("CVE-2026-10001", "crème")


def hostile() -> bytes:
    value = json.loads(SARIF)
    (run,) = value["runs"]
    words = "<script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m\x00\u202ered"
    for result in run["results"]:
        del result["suppressions"]
        result["message"]["text"] = words
        result["ruleId"] = '"><svg onload=alert(3)>'
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]
        place["uri"] = "../../../etc/passwd" if place["uri"] == "a.go" else "file:///etc/shadow"
    return json.dumps(value).encode()


def test_hostile_text_is_kept_harmless_and_shown_as_text(
    app: typer.Typer, home: Home, tmp_path: Path
) -> None:
    path = tmp_path / "report.sarif"
    path.write_bytes(hostile())
    done = invoke(app, "ingest", "auto", path, *ABOUT)
    assert done.exception is None, done.exception
    found = stored(home, Finding)
    assert {one.path for one in found} == {None}
    for one in found:
        text = "".join(str(getattr(one, name)) for name in one.__dataclass_fields__)
        assert not any(ord(sign) < 32 and sign not in "\n\t" for sign in text)
        assert "\u202e" not in text
    page = tmp_path / "page.html"
    written = invoke(app, "report", "findings", "--format", "html", "--output", page)
    assert written.exception is None or isinstance(written.exception, SystemExit)
    html = page.read_text("utf-8")
    assert "alert(1)" in html
    for tag in ("<script>alert", "<img src=x", "<svg onload"):
        assert tag not in html


BIG = """
import json, resource, sys
from pathlib import Path
path = Path(sys.argv[1])
one = json.dumps({"ruleId": "R1", "message": {"text": "m" * 900}, "locations": [{
    "physicalLocation": {"artifactLocation": {"uri": "a/b.go"}, "region": {"startLine": 7}}}]})
with path.open("w") as out:
    out.write('{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T"}}, "results": [')
    for number in range(200_000):
        out.write(("," if number else "") + one)
    out.write("]}]}" if sys.argv[2] == "whole" else "")
print(path.stat().st_size)
from coffee_pipeline.errors import ParseError
from coffee_pipeline.tools.detection import format_of
from coffee_pipeline.tools.document import Document
document = Document.of_file(path)
try:
    print(len(format_of("auto", document).read(document).findings))
except ParseError as error:
    print(str(error)[:200])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["whole", "cut"])
def test_200_megabytes_take_a_bounded_memory(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "big.sarif"
    done = subprocess.run(
        [sys.executable, "-c", BIG, str(path), kind], capture_output=True, text=True, check=True
    )
    path.unlink()
    size, said, peak = done.stdout.splitlines()
    assert int(size) > 200_000_000
    assert said == "200000" if kind == "whole" else "not JSON" in said
    assert int(peak) < 8 * int(size)  # the report, its text, and its values as objects


def test_what_is_too_large_is_refused_unread(app: typer.Typer, home: Home, tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as stream:
        stream.truncate((512 << 20) + 1)  # a hole: no byte of it is on the disk
    done = invoke(app, "ingest", "auto", path, *ABOUT)
    assert isinstance(done.exception, PipelineError)
    assert str(done.exception) == f"{path}: larger than 512 MiB; split the report"
    assert stored(home, Scan) == []
