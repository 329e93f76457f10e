"""Secrets of known shapes do not survive; everything else does.

The samples are put together here at run time, so that no scanner takes this file for a leak.
"""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.redaction import REDACTED, without_secrets

LETTERS = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"
URL_SAFE = f"{LETTERS}-_"


def drawn(alphabet: str, length: int, seed: int = 7) -> str:
    """Text that is the same in every run; the first character is a letter or a digit."""
    source = random.Random(f"{seed}{alphabet}{length}")  # no secret of anything
    first = source.choice([one for one in alphabet if one.isalnum()])
    return first + "".join(source.choice(alphabet) for _ in range(length - 1))


def private_key(kind: str, dashes: str = "-" * 5) -> str:
    body = "\n".join(drawn(LETTERS + "+/", 64, n) for n in range(3))
    return f"{dashes}BEGIN {kind}{dashes}\n{body}\n{dashes}END {kind}{dashes}"


SHAPES = {
    "AWS access key": "AK" + "IA" + drawn(UPPER, 16),
    "AWS temporary key": "AS" + "IA" + drawn(UPPER, 16),
    "GitHub personal token": "gh" + "p_" + drawn(LETTERS, 36),
    "GitHub server token": "gh" + "s_" + drawn(LETTERS, 36),
    "GitHub fine-grained token": "github" + "_pat_" + drawn(LETTERS, 82),
    "GitLab token": "gl" + "pat-" + drawn(URL_SAFE, 20),
    "Slack bot token": "xo" + "xb-" + drawn(string.digits, 12) + "-" + drawn(LETTERS, 24),
    "Slack webhook": "https://hooks." + "slack.com/services/T" + drawn(UPPER, 8) + "/B"
    + drawn(UPPER, 8) + "/" + drawn(LETTERS, 24),
    "Stripe key": "sk" + "_live_" + drawn(LETTERS, 24),
    "webhook secret": "wh" + "sec_" + drawn(LETTERS, 32),
    "Google API key": "AI" + "za" + drawn(URL_SAFE, 35),
    "Google OAuth token": "ya" + "29." + drawn(URL_SAFE, 40),
    "OpenAI key": "sk" + "-proj-" + drawn(LETTERS, 48),
    "SendGrid key": "SG" + "." + drawn(URL_SAFE, 22) + "." + drawn(URL_SAFE, 43),
    "npm token": "np" + "m_" + drawn(LETTERS, 36),
    "PyPI token": "py" + "pi-" + drawn(URL_SAFE, 80),
    "Docker Hub token": "dckr" + "_pat_" + drawn(URL_SAFE, 27),
    "Vault token": "hv" + "s." + drawn(URL_SAFE, 24),
    "DigitalOcean token": "dop" + "_v1_" + drawn(HEX, 64),
    "Shopify token": "shp" + "at_" + drawn(HEX, 32),
    "Databricks token": "da" + "pi" + drawn(HEX, 32),
    "Grafana token": "gl" + "sa_" + drawn(LETTERS, 32),
    "New Relic key": "NR" + "AK-" + drawn(UPPER, 27),
    "Dynatrace token": "dt0" + "c01." + drawn(UPPER, 24) + "." + drawn(UPPER, 64),
    "Twilio key": "S" + "K" + drawn(HEX, 32),
    "Mailgun key": "key" + "-" + drawn(HEX, 32),
    "JSON Web Token": ".".join(("ey" + "J" + drawn(URL_SAFE, 30), "ey" + "J" + drawn(URL_SAFE, 60),
                                drawn(URL_SAFE, 43))),
    "age key": "AGE-SECRET" + "-KEY-1" + drawn(UPPER, 58),
    "RSA key": private_key("RSA PRIVATE KEY"),
    "PKCS 8 key": private_key("PRIVATE KEY"),
    "OpenSSH key": private_key("OPENSSH PRIVATE KEY"),
    "PGP key": private_key("PGP PRIVATE KEY BLOCK"),
}  # fmt: skip
PLACES = [
    "{}",
    "found {} in the file",
    'x := "{}"',
    "TOKEN={}\nother line",
    '{{"value": "{}"}}',
    "log: <{}>, and more",
    "`{}`",
]


@pytest.mark.parametrize("name", SHAPES)
def test_a_secret_of_a_known_shape_never_survives(name: str) -> None:
    secret = SHAPES[name]
    core = secret.splitlines()[1] if "\n" in secret else secret[len(secret) // 2 :]
    for place in PLACES:
        shown = without_secrets(place.format(secret))
        assert core not in shown, place
        assert REDACTED in shown


def test_there_are_more_than_twenty_shapes() -> None:
    assert len(SHAPES) >= 20
    assert len(set(SHAPES.values())) == len(SHAPES)


def test_all_at_once() -> None:
    shown = without_secrets("\n".join(SHAPES.values()))
    assert [name for name, secret in SHAPES.items() if secret.splitlines()[-1] in shown] == []


def test_a_private_key_that_was_cut_off() -> None:
    cut = SHAPES["RSA key"][:120]
    assert cut.splitlines()[1][:20] not in without_secrets(f"a\n{cut}")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ('password := "{}"', "hunter2!"),
        ("db_password: '{}'", "correct horse"),
        ("API_KEY={} make", "abcdef123456"),
        ("clientSecret => `{}`", "s3cr3t-value"),
        ('"access_token": "{}"', "abcd-efgh"),
        ("postgres://user:{}@db.example:5432/shop", "pa55w0rd"),
        ("curl -H 'Authorization: Bearer {}'", "abcdefghijklmnop"),
        ("Authorization: Basic {}", "dXNlcjpwYXNzd29yZA=="),
        ("AccountKey={};Endpoint", "abcdefgh12345678"),
    ],
)
def test_secrets_told_by_what_stands_around_them(text: str, secret: str) -> None:
    shown = without_secrets(text.format(secret))
    assert secret not in shown
    assert shown == text.format(REDACTED)


HARMLESS = [
    "The token is checked before the key is used; a password must not be logged.",
    "Passwords: never in plain text. Secrets belong into a vault.",
    "https://example.test/path?page=2&sort=name#keys",
    "ssh://git@github.com/beans/shop.git",
    "https://pkg.go.dev/vuln/GO-2026-0001",
    "func (k *Key) Token() string { return k.name }",
    "for key := range tokens { delete(tokens, key) }",
    "if err := json.NewDecoder(r.Body).Decode(&key); err != nil {",
    "x := rand.Int() // weak",
    "secret, err := vault.Read(ctx, path)",
    "cfg.Password = os.Getenv(name)",
    "d41d8cd98f00b204e9800998ecf8427e",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "commit 0123456789abcdef0123456789abcdef01234567",
    "h1:AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfG=",
    "CVE-2026-10001 GHSA-aaaa-bbbb-cccc GO-2026-0001",
    "/services/menu/internal/token/key_test.go:12:7",
    "pkg:golang/example.test/roast@v1.4.0",
    "550e8400-e29b-41d4-a716-446655440000",
    "task-1 risk-based desk-lamp mask-rcnn",
    "SKU 12345, SG office, keyboard shortcut, monkey-patch",
    "-----BEGIN CERTIFICATE-----",
    "",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_text_code_addresses_and_hashes_stay(text: str) -> None:
    assert without_secrets(text) == text


@given(st.text(max_size=300))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = without_secrets(text)
    assert without_secrets(once) == once


@given(st.sampled_from(sorted(SHAPES)), st.text(max_size=40), st.text(max_size=40))
def test_whatever_stands_around(name: str, before: str, after: str) -> None:
    secret = SHAPES[name]
    shown = without_secrets(f"{before} {secret} {after}")
    assert secret not in shown
