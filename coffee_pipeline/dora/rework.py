"""What a commit's message says it puts right: which change it reverts, whether it is a hotfix.

Pure: takes the words of one message, knows no repository. Recognised are the messages of git
(``Revert "X"``, ``Reapply "X"``), GitHub (``Revert "X (#11)" (#12)``, ``Reverts owner/repo#11``),
GitLab (``This reverts merge request !12``), Bitbucket and Azure DevOps (``Reverts !12``), Gerrit
(``Revert^2 "X"``), Mercurial's habit (``Backed out changeset HASH``), Conventional Commits
(``revert: X`` with ``Refs: HASH``, https://www.conventionalcommits.org/en/v1.0.0/), gitmoji
(``:ambulance:``) and branches of git-flow (``hotfix/1.2.1``).

What is not sure is left out: a message that only speaks about reverts or hotfixes is neither.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

REPAIR_DAYS = 30
"""Days after a deployment in which a revert or hotfix still speaks of its failure."""

LONGEST_MESSAGE = 20_000
LONGEST_SUBJECT = 1_000
"""Characters that are looked at, of a message and of its first line."""


@dataclass(frozen=True, slots=True)
class Reverted:
    """What a revert names, any of which may be missing.

    ``hashes`` of commits, lower case, perhaps shortened; ``requests`` are the numbers of pull or
    merge requests; ``subject`` is the first line of the commit undone. The surest is the hash.
    """

    hashes: tuple[str, ...] = ()
    requests: tuple[int, ...] = ()
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Rework:
    """What a message says of its commit; ``reverted`` is None where it undoes nothing."""

    reverted: Reverted | None = None
    hotfix: bool = False


NO_REWORK = Rework()
"""Of an ordinary commit."""

_WORDS = re.compile(r"revert|back(?:ed|s)? out|hot[-_ ]?fix|🚑|:ambulance:", re.IGNORECASE)
"""A message without any of these is neither: most are told so at once."""
_HASHES = r"`?[0-9a-f]{7,64}\b`?(?:(?:,? and |, ?| |\s*\n)`?[0-9a-f]{7,64}\b`?)*"
_REQUESTS = (
    r"(?:[\w./-]{0,200}[#!]\d{1,9}\b|https?://\S{1,200}/(?:pull|pulls|merge_requests|pull-requests"
    r"|pullrequest)/\d{1,9}\b)"
)
_SENTENCE = r"(?:^|(?<=[.;:] ))[ \t*-]*(?:(?:this|it|also|and|partially|commit) ){0,3}"
_REVERTS_HASH = re.compile(
    rf"{_SENTENCE}(?:reverts?|reverting|backs? out|backed out)\s+"
    rf"(?:the\s+)?(?:(?:commits?|changesets?|revisions?)\s+)?({_HASHES})",
    re.IGNORECASE | re.MULTILINE,
)
_REVERTS_REQUEST = re.compile(
    rf"{_SENTENCE}(?:reverts?|reverting)\s+(?:the\s+)?"
    rf"(?:(?:merge|pull)\s+requests?\s+|(?:PR|MR)s?\s+)?"
    rf"({_REQUESTS}(?:(?:,? and |, ?){_REQUESTS})*)",
    re.IGNORECASE | re.MULTILINE,
)
_REFERENCES = re.compile(rf"^(?:refs?|reverts?): *({_HASHES})", re.IGNORECASE | re.MULTILINE)
_HASH = re.compile(r"[0-9a-f]{7,64}", re.IGNORECASE)
_NUMBER = re.compile(r"(\d+)(?!.*\d)")

REQUEST_SUFFIX = re.compile(r" \((?:#|!|pull request #|PR #?)(\d{1,9})\)$")
"""The number that a forge puts behind the subject of a merged or squashed request."""
_MERGED_REQUEST = re.compile(
    r"(?:Merge pull request #(\d{1,9})\b|Merged in .* \(pull request #(\d{1,9})\)$"
    r"|Merged PR (\d{1,9}):)"
)
_SEE_REQUEST = re.compile(r"^See merge request \S*!(\d{1,9})$", re.MULTILINE)

_TAGS = r"(?:\[[^\]]{1,40}\]:? *|[A-Z][A-Z0-9]+-\d+[:,]? +|Merged PR \d+: *|#\d+:? +)*"
_TYPE = r"(?P<type>[a-z][a-z-]*)(?:\((?P<scope>[^)]*)\))?!?: +"
_TYPED = re.compile(rf"{_TAGS}{_TYPE}(?P<rest>.*)", re.IGNORECASE)
_QUOTED = re.compile(
    rf"{_TAGS}(?:[a-z]+(?:\([^)]*\))?!?: +)?(?P<word>revert|reapply|re-?land|back(?:ed)? out)"
    r"(?:\^(?P<times>\d{1,3}))?:? +(?:\"(?P<double>.+)\"|'(?P<single>.+)'|“(?P<curled>.+)”)"
    r"\.?(?: \([^()]{1,40}\))*",
    re.IGNORECASE,
)
_PLAIN = re.compile(rf"{_TAGS}revert(?:\([^)]*\))?!?:? +(?P<rest>.+)", re.IGNORECASE)
_INNER = re.compile(
    r"(revert|reapply|re-?land)(?:\^(\d{1,3}))?(?: +[\"'“]|(?:\([^)]*\))?!?: +)", re.IGNORECASE
)
_REVERT_WORDS = re.compile(
    rf"{_TAGS}(?:revert(?:s|ed|ing)?\b|back(?:ed|s)? out\b|roll(?:s|ed)? ?back\b)", re.IGNORECASE
)

_HOT = r"hot[-_ ]?fix(?:es|ed)?"
_ABOUT = (
    r"(?!\W+(?:docs?|documentation|guide|process|procedure|workflows?|pipelines?|jobs?|branch(?:es)?"
    r"|scripts?|templates?|polic(?:y|ies)|labels?|runbooks?|support|checklists?|commands?|naming"
    r"|sections?|instructions?|notes?|changelogs?|messages?|names?|pages?|tests?|typos?)\b)"
)
_HOTFIX = re.compile(
    rf"(?:{_TAGS}(?:(?:apply|ship|deploy|release|urgent|emergency|critical|quick|another)\W+)?"
    rf"{_HOT}(?![a-z0-9]){_ABOUT}"
    rf"|.*[\[(]{_HOT}[\])]|(?:🚑|:ambulance:))",
    re.IGNORECASE,
)
_NO_HOTFIX_TYPES = re.compile(
    r"(?:docs?|tests?|ci|build|style|chore|refactor|feat|feature|perf|revert)", re.IGNORECASE
)
_MERGED_BRANCH = re.compile(
    r"Merge (?:remote-tracking )?branch(?:es)? '(?P<branch>[^']+)'"
    r"|Merge pull request #\d+ (?:in \S+ )?from [^/\s]+/(?P<pulled>\S+)"
    r"|Merged in (?P<bucket>\S+) \(pull request #\d+\)"
    r"|Merge (?P<bare>\S+) into \S+$"
)
_HOT_SEGMENT = re.compile(rf"{_HOT}(?![a-z]){_ABOUT}", re.IGNORECASE)
_PLANNED_SEGMENTS = frozenset(
    ["feature", "features", "feat", "doc", "docs", "chore", "test", "tests", "ci", "revert"]
)


def rework_of(subject: str, message: str = "", *, merge: bool = False) -> Rework:
    """What a commit's words say it puts right.

    Args:
        subject: its first line.
        message: all of it, the subject included; may be missing where only subjects are known.
        merge: whether it has several parents. What a merge reverts is said by the commits that it
            brings, so only its branch, and the title of its request, are looked at.
    """
    subject, message = _first(subject), message[:LONGEST_MESSAGE]
    if not (_WORDS.search(subject) or _WORDS.search(message)):
        return NO_REWORK
    if merge:
        title = _title(message)
        return Rework(hotfix=_merges_hotfix(subject) or bool(title and _is_hotfix(title)))
    body = _own_words(message)
    if _puts_back(subject):
        return NO_REWORK
    reverted = _reverted(subject, body)
    if reverted is not None:
        return Rework(reverted)
    return Rework(hotfix=not _REVERT_WORDS.match(subject) and _is_hotfix(subject))


def request_of(subject: str, message: str = "") -> int | None:
    """The number of the pull or merge request that a commit is the merge of, if it says so."""
    subject = _first(subject)
    suffix = REQUEST_SUFFIX.search(subject)
    if suffix:
        return int(suffix[1])
    merged = _MERGED_REQUEST.match(subject)
    if merged:
        return int(next(one for one in merged.groups() if one))
    seen = _SEE_REQUEST.findall(message[:LONGEST_MESSAGE])
    return int(seen[-1]) if seen else None


def plain_subject(subject: str) -> str:
    """A subject without the numbers of requests that a forge put behind it."""
    subject = _first(subject)
    while (match := REQUEST_SUFFIX.search(subject)) is not None:
        subject = subject[: match.start()]
    return subject


def _reverted(subject: str, body: str) -> Reverted | None:
    quoted = _QUOTED.fullmatch(subject)
    plain = None if quoted else _PLAIN.fullmatch(subject)
    named = [one for match in _REVERTS_HASH.finditer(body) for one in _hashes(match[1])]
    requests = [one for match in _REVERTS_REQUEST.finditer(body) for one in _numbers(match[1])]
    if plain is not None:
        named += _hashes(plain["rest"]) if _HASH.match(plain["rest"]) else []
        requests += _numbers(plain["rest"]) if re.fullmatch(_REQUESTS, plain["rest"]) else []
    if quoted or plain:
        named += [one for match in _REFERENCES.finditer(body) for one in _hashes(match[1])]
    undone = None
    if quoted is not None:
        undone = quoted["double"] or quoted["single"] or quoted["curled"]
    elif plain is not None:
        undone = plain_subject(plain["rest"])
    if not (named or requests or undone):
        return None
    return Reverted(tuple(dict.fromkeys(named)), tuple(dict.fromkeys(requests)), undone)


def _puts_back(subject: str) -> bool:
    """Whether a revert is itself undone, so that the change is there again (every second time)."""
    match = _QUOTED.fullmatch(subject)
    if match is None:
        return bool(re.match(rf"{_TAGS}(?:reapply|re-?land)\b", subject, re.IGNORECASE))
    if match["word"].lower().startswith("re") and match["word"].lower() != "revert":
        return True
    times = int(match["times"] or 1)
    inner = match["double"] or match["single"] or match["curled"]
    while (found := _INNER.match(inner)) is not None:
        if found[1].lower() != "revert":
            break
        times += int(found[2] or 1)
        inner = inner[found.end() :]
    return times % 2 == 0


def _is_hotfix(subject: str) -> bool:
    typed = _TYPED.fullmatch(subject)
    if typed is not None:
        if re.fullmatch(_HOT, typed["type"], re.IGNORECASE):
            return True
        if _NO_HOTFIX_TYPES.fullmatch(typed["type"]):
            return False
        if re.fullmatch(_HOT, typed["scope"] or "", re.IGNORECASE):
            return True
        subject = typed["rest"]
    return _HOTFIX.match(subject) is not None


def _merges_hotfix(subject: str) -> bool:
    match = _MERGED_BRANCH.match(subject)
    if match is None:
        return False
    branch = next(one for one in match.groups() if one)
    segments = branch.split("/")
    if _PLANNED_SEGMENTS & {one.lower() for one in segments}:
        return False
    return any(_HOT_SEGMENT.match(one) for one in segments)


def _first(subject: str) -> str:
    return subject[:LONGEST_SUBJECT].strip()


def _title(message: str) -> str:
    """The title of the request that a merge's message holds below its subject."""
    lines = [line.strip() for line in message.splitlines()[1:] if line.strip()]
    return lines[0] if lines else ""


def _own_words(message: str) -> str:
    """A message without what it quotes of others."""
    return "\n".join(line for line in message.splitlines() if not line.lstrip().startswith(">"))


def _hashes(text: str) -> list[str]:
    return [one.lower() for one in _HASH.findall(text)]


def _numbers(text: str) -> list[int]:
    return [int(found[1]) for one in re.findall(_REQUESTS, text) if (found := _NUMBER.search(one))]
