"""Redaction: what must never come out, and what must come out unharmed."""

import base64
import json
import re
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apgms_ops import redact
from apgms_ops.redact import Redactor, is_tax_file_number, names_a_secret, printable, values
from apgms_ops.secret import MASK, Secret

JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLWJ5dGVz"
GITHUB = "ghp_" + "a1B2c3D4e5" * 3
SECRET = "hunter2-Tr0ub4dor"  # what no test may find again

LEAKS = [
    f"password={SECRET}",
    f"password = '{SECRET}'",
    f'{{"password": "{SECRET}"}}',
    f'{{"password": "x\\"{SECRET}"}}',
    f'{{\\"clientSecret\\":\\"{SECRET}\\"}}',
    f"'api_key': '{SECRET}'",
    f'"secretAccessKey":"{SECRET}"',
    f"DB_PASSWORD={SECRET}",
    f"sasl.password: {SECRET}",
    f"password=a,{SECRET} user=x",
    f"--password {SECRET} --user x",
    f"--api-token={SECRET}",
    f"<password>{SECRET}</password>",
    f':password=>"{SECRET}"',
    f"password%3D{SECRET}",
    f"password: |\n  first\n  {SECRET}\nnext: 1",
    f'{{"name":"DB_PASSWORD","value":"{SECRET}"}}',
    f"- name: DB_PASSWORD\n  value: {SECRET}\n",
    f"?access_token={SECRET}&x=1",
    f"X-Amz-Signature={SECRET}",
    f"postgres://reader:{SECRET}@db:5432/apgms",
    f"postgres://reader:p@{SECRET}@db:5432/apgms",
    f"Authorization: Basic {SECRET}",
    f"authorization: Token token={SECRET}",
    f'{{"Authorization":["Bearer {SECRET}"]}}',
    f"Cookie: sid={SECRET}; theme=dark",
    f"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n{SECRET}\n-----END RSA PRIVATE KEY-----",
    f"-----BEGIN PRIVATE KEY-----\\nMIIE\\n{SECRET}\\n",
]
SHAPES = [
    JWT,
    GITHUB,
    "xoxb-123456789012-abcdefghijkl",
    "AKIAIOSFODNN7EXAMPLE",
    "glsa_abcdefghij0123456789_abcdef01",
    "123 456 782",
    "123-456-782",
    "123\u00a0456\u00a0782",
    "123456782",
]
UNHARMED = [
    "2026-11-23T02:00:00+11:00",
    "2026-11-23 02:00:00,123",
    "9f1c2a7e-1234-4567-8901-123456789012",
    "3f786850e387550fdab836ed7e6dc881de23001b",
    "MkU3OEVBNTcwNTJENDM2Qg",
    "payments.execute 0 1700000000 1700000123 123",
    "1763865600.123456782",
    "https://prometheus:9090/api/v1/query?query=sum(rate(http_requests_total[5m]))",
    "http://host:8080/path@v1",
    'http_requests_total{route="/v1/password-reset",method="GET"} 5',
    '{"token_type":"Bearer","expires_in":900}',
    '{"password": null, "passwordRequired": true}',
    "invalid token: signature mismatch",
    "basic authentication failed for reader",
    "ssl.keystore.password = [hidden]",
    "secretName: apgms-db",
    "group audit-writer is 212 messages behind on audit.log; the limit is 200",
]


@pytest.mark.parametrize("text", LEAKS)
def test_a_named_secret_is_masked_wherever_it_stands(text: str) -> None:
    """In JSON, YAML, headers, URLs, options and key blocks, a named secret is masked to its last character."""
    assert SECRET not in Redactor()(text)
    assert "Tr0ub4dor" not in Redactor()(text)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("around", ["{}", "saw {} there", '"{}"', "line\\n{}\\nmore", "({})", "id={};", "tfn_{}"])
def test_a_recognisable_secret_is_masked_without_a_name(shape: str, around: str) -> None:
    """Vendors' tokens, JWTs and tax file numbers are masked whatever surrounds them, escaped line breaks included."""
    assert shape not in Redactor()(around.format(shape))


@pytest.mark.parametrize("text", UNHARMED)
def test_evidence_is_not_mangled(text: str) -> None:
    """Times, offsets, ids, hashes, addresses and causes come out as they went in."""
    assert Redactor()(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "tfn: 123456789",
        '{"taxFileNumber": "12345678"}',
        "BSB 062-000",
        '"bsb": "062-000"',
        "account no. 1234 5678",
        '{"accountNumber":"12345678"}',
    ],
)
def test_a_named_number_of_a_person_is_masked_whatever_its_check_digit(text: str) -> None:
    """A tax file number, BSB or account number that is introduced by name is masked, check digit or not."""
    assert not re.search(r"\d{3}", Redactor()(text))


def test_masked_json_stays_json() -> None:
    """JSON whose secrets were masked can still be parsed."""
    text = json.dumps({"password": 'a"b', "otp": 123456, "deep": {"token": "x" * 30}, "kept": [1, "b"]})
    assert json.loads(Redactor()(text)) == {"password": MASK, "otp": MASK, "deep": {"token": MASK}, "kept": [1, "b"]}


secrets = st.text(min_size=6, max_size=40).filter(lambda s: s.strip() and "*" not in s)


@settings(deadline=None)
@given(secrets, st.text(max_size=60), st.text(max_size=60))
def test_a_known_secret_never_comes_through(secret: str, before: str, after: str) -> None:
    """A known secret is masked in plain text, JSON, URLs and `repr`, whatever stands around it."""
    redactor = Redactor([Secret(secret)])
    for form in (
        secret,
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
        repr(secret),
        quote(secret, safe=""),
    ):
        text = redactor(f"{before}{form}{after}")
        assert secret not in text
        assert form.strip("\"'") not in text


@settings(deadline=None)
@given(st.binary(min_size=9, max_size=30), st.text(max_size=9))
def test_a_known_secret_never_comes_through_in_base64(secret: bytes, user: str) -> None:
    """Base64 of a text that holds a known secret, such as `user:password`, gives away none of its middle."""
    value = secret.hex()
    encoded = base64.b64encode(f"{user}:{value}".encode()).decode()
    hidden = Redactor([Secret(value)])(encoded)
    # What is left is the user, and at either end the characters that the secret shares with its neighbours.
    left = len(hidden.replace(MASK, ""))
    assert left <= len(base64.b64encode(f"{user}:".encode())) + 8


@settings(deadline=None)
@given(st.text(max_size=200) | st.sampled_from(LEAKS + SHAPES + UNHARMED))
def test_redaction_is_idempotent(text: str) -> None:
    """Redacting what was redacted changes nothing."""
    once = Redactor()(text)
    assert Redactor()(once) == once


def test_lines_of_a_known_key_are_masked_one_by_one() -> None:
    """A key of several lines is masked even where its lines are printed apart."""
    lines = ["c2VjcmV0LWxpbmUtb25lCg", "c2VjcmV0LWxpbmUtdHdvCg"]
    text = Redactor([Secret("\n".join(lines))])(f"> {lines[0]}\n> {lines[1]}")
    assert text == f"> {MASK}\n> {MASK}"


@settings(deadline=None)
@given(st.dictionaries(st.text(), st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none(), max_size=5))
def test_typed_numbers_are_untouched(data: dict[str, object]) -> None:
    """Numbers in decoded data stay as they are, unless their key names a secret."""
    kept = {key: value for key, value in data.items() if not names_a_secret(key)}
    assert list(values(kept, Redactor()).values()) == list(kept.values())  # type: ignore[attr-defined]


def test_decoded_data_is_masked_by_its_keys() -> None:
    """What stands under a key that names a secret, or beside a name that does, is masked."""
    data = {
        "password": 5,
        "env": [{"name": "DB_PASSWORD", "value": "x"}, {"name": "A", "value": "b"}],
        "secret": {"a": 1},
    }
    assert values(data, Redactor()) == {
        "password": MASK,
        "env": [{"name": "DB_PASSWORD", "value": MASK}, {"name": "A", "value": "b"}],
        "secret": {"a": 1},
    }


def test_tax_file_numbers_are_told_by_their_check_digit() -> None:
    """About one nine-digit number in eleven passes, and no other length does."""
    assert is_tax_file_number("123456782")
    assert not is_tax_file_number("123456789")
    assert not is_tax_file_number("12345678")
    assert 80 < sum(is_tax_file_number(f"{n:09}") for n in range(123_000_000, 123_001_000)) < 100


PATTERNS = [redact._KEY_BLOCK, redact._DOTTED, redact._PAIR, redact._NAMED, redact._OPTION, redact._TFN]
PIECES = [
    "a",
    "-",
    "--",
    "a.",
    "eyJ.",
    '"',
    "\\",
    "password",
    'password="',
    "password=&",
    "name: ",
    "://a:",
    "b@",
    "account ",
]
ENDS = ["a", " ", "-", "\\", '"', "@b", "&a", ".", "\n a", "1", ","]


@pytest.mark.parametrize("piece", PIECES)
def test_a_hostile_megabyte_is_redacted(piece: str) -> None:
    """Text that repeats what a pattern begins with is redacted in proportion to its length, not to its square."""
    # A pattern whose work grew with the square of the length would need hours for the last line.
    redactor = Redactor()
    for end in ENDS:
        text = piece * 3 + end * (20_000 // len(end))
        assert redactor(redactor(text)) == redactor(text)
    assert redactor(piece * (1_000_000 // len(piece)))


def test_printable_text_is_one_harmless_line() -> None:
    """Control characters, bidirectional tricks and half surrogate pairs are replaced; line breaks become spaces."""
    line = printable("a\nb\x1b[31m\u202e\U000e0041\ud800\u061cz")
    assert line == "a b\ufffd[31m\ufffd\ufffd\ufffd\ufffdz"
    assert line.encode("utf-8")


def test_printable_text_says_what_was_cut() -> None:
    """A line that is too long is cut, and says by how much."""
    assert printable("x" * 30, limit=10) == "x" * 10 + "… (20 characters cut)"
