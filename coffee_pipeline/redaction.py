"""Secrets in text that tools print: found by their shape and replaced before anything is stored.

The shapes are those that the issuers document: fixed prefixes with a fixed alphabet and length. A
secret without a shape of its own (a plain password) is recognised by the assignment around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

REDACTED = "[redacted]"

_SHAPES = (
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",  # AWS access key
    r"gh[pousr]_[A-Za-z0-9]{36,255}",  # GitHub tokens
    r"github_pat_[A-Za-z0-9_]{22,255}",
    r"glpat-[A-Za-z0-9_\-]{20,64}",  # GitLab
    r"glrt-[A-Za-z0-9_\-]{20,64}",
    r"xox[abeoprs]-[A-Za-z0-9\-]{10,250}",  # Slack
    r"xapp-\d-[A-Za-z0-9\-]{10,250}",
    r"hooks\.slack\.com/services/[A-Za-z0-9_/]{20,}",
    r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,250}",  # Stripe
    r"whsec_[A-Za-z0-9+/=]{24,}",
    r"AIza[A-Za-z0-9_\-]{35}",  # Google API key
    r"ya29\.[A-Za-z0-9_\-]{20,}",  # Google OAuth
    r"GOCSPX-[A-Za-z0-9_\-]{28}",
    r"sk-(?:proj-|ant-)?[A-Za-z0-9_\-]{20,250}",  # OpenAI, Anthropic
    r"SG\.[A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{16,64}",  # SendGrid
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-[A-Za-z0-9_\-]{50,}",
    r"dckr_pat_[A-Za-z0-9_\-]{20,}",  # Docker Hub
    r"hvs\.[A-Za-z0-9_\-]{20,}",  # Vault
    r"dop_v1_[a-f0-9]{64}",  # DigitalOcean
    r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",  # Shopify
    r"(?:dapi)[a-f0-9]{32}",  # Databricks
    r"(?:glsa|glc)_[A-Za-z0-9_=\-+/]{20,}",  # Grafana
    r"NRAK-[A-Z0-9]{27}",  # New Relic
    r"dt0c01\.[A-Z0-9]{24}\.[A-Z0-9]{64}",  # Dynatrace
    r"SK[0-9a-f]{32}",  # Twilio
    r"key-[0-9a-f]{32}",  # Mailgun
    r"eyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*",  # JSON Web Token
    r"AGE-SECRET-KEY-1[A-Z0-9]{58}",
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?"
    r"(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)",
)
_SHAPE = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_SHAPES)})")

# ``tests_passed`` and ``bypass_passes`` name no secret.
_NAMES = (
    r"(?:pass(?:word|wd|phrase|(?!ed|es|ing))|pwd|secret|token|api[_-]?key|apikey|access[_-]?key|"
    r"account[_-]?key|auth[_-]?token|private[_-]?key|client[_-]?secret|credentials?)"
)
_ASSIGNED = re.compile(
    rf"(?i)({_NAMES}[A-Za-z0-9_\-]{{0,30}}[\"']?\s{{0,5}}(?::=|=>|[:=])\s{{0,5}}[\"'`])"
    r"([^\"'`\r\n]{4,500})"
)
# What is called or indexed (``password = os.Getenv(name)``) is code, no secret.
_UNQUOTED = re.compile(rf"(?i)({_NAMES}\s?=\s?)([^\s\"'`&;,<>()\[\]{{}}]{{6,500}}+)(?![(\[])")
_IN_URL = re.compile(r"(?i)([a-z][a-z0-9+.\-]{1,20}://[^\s/:@\"']{0,100}:)([^\s/@\"']{1,200})(?=@)")
_AUTHORIZATION = re.compile(r"(?i)(\b(?:bearer|basic)\s{1,3})([A-Za-z0-9+/=_\-.~]{12,})")
_WORDS = (
    "pass", "pwd", "secret", "token", "key", "credential", "bearer", "basic", "://", "eyj",
    "akia", "asia", "abia", "acca", "glpat", "glrt", "glsa", "xox", "xapp", "aiza", "ya29",
    "gocspx", "shp", "dapi", "nrak", "dt0c01", "begin", "hooks.slack", "whsec",
)  # fmt: skip
_WORDS_WITH = {
    "_": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat", "glc_", "sk_", "rk_", "npm_",
          "dckr_", "dop_v1"),
    "-": ("glc-", "sk-", "rk-", "pypi-"),
    ".": ("sg.", "hvs."),
}  # fmt: skip
"""What every pattern needs one of, in small letters; looked for one by one, as strings are found
ten times as fast as a pattern of all of them. Most texts lack the sign of the second ones."""
_TWILIO = re.compile(r"(?i)sk[0-9a-f]")


def _suspicious(text: str) -> bool:
    """Whether a pattern may match at all."""
    # Letters that are no ASCII may become such ones: K in 'token' may be the Kelvin sign.
    small = text.lower() if text.isascii() else text.casefold()
    for word in _WORDS:  # a generator takes twice the time
        if word in small:
            return True
    for sign, words in _WORDS_WITH.items():
        if sign in small:
            for word in words:
                if word in small:
                    return True
    return "sk" in small and _TWILIO.search(text) is not None


def no_secret_in(texts: Iterable[str]) -> bool:
    """Whether no pattern can match in any of ``texts``: one look at many, for large reports."""
    return not _suspicious("\n".join(texts))


def without_secrets(text: str) -> str:
    """``text`` with every secret of a known shape, or assigned to a telling name, replaced."""
    if not _suspicious(text):  # most texts
        return text
    text = _SHAPE.sub(REDACTED, text)
    for pattern in (_ASSIGNED, _UNQUOTED, _IN_URL, _AUTHORIZATION):
        text = pattern.sub(rf"\g<1>{REDACTED}", text)
    return text


def excerpt(text: str, limit: int) -> str:
    """The beginning of ``text`` for a message; cut after its secrets are out, not through them."""
    return without_secrets(text)[:limit]
