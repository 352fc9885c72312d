"""Pure parts of the GitHub client: limits, links and zip files."""

import io
import struct
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apgms_ops.clients.github import archive, parse
from apgms_ops.clients.github.facts import TagKind
from apgms_ops.clients.github.limits import limited
from apgms_ops.clients.github.paging import next_page
from apgms_ops.clients.http import Answer
from apgms_ops.errors import BadAnswer, Incomplete, Unobserved
from apgms_ops.redact import Redactor

NOW = datetime(2026, 11, 25, 22, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
BASE = "https://api.github.example/api/v3"


def answer(status: int, body: bytes = b"{}", **headers: str) -> Answer:
    """Return an answer with headers, their names with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer("GitHub", status, named, body, Redactor())


@pytest.mark.parametrize(
    ("given", "tries", "wait"),
    [
        (answer(200), 0, None),
        (answer(404), 0, None),
        (answer(403), 0, None),
        (answer(403, x_ratelimit_remaining="12"), 0, None),
        (answer(403, x_ratelimit_remaining="0", x_ratelimit_reset=str(EPOCH + 30)), 0, 31.0),
        (answer(429, x_ratelimit_remaining="0", x_ratelimit_reset=str(EPOCH - 30)), 0, 1.0),
        (answer(403, x_ratelimit_remaining="0", x_ratelimit_reset="soon"), 0, 60.0),
        (answer(403, x_ratelimit_remaining="0", x_ratelimit_reset="9" * 30), 0, 60.0),
        (answer(403, retry_after="7"), 0, 7.0),
        (answer(429), 0, 60.0),
        (answer(429), 2, 240.0),
        (answer(403, b'{"message": "You have exceeded a secondary rate limit."}'), 1, 120.0),
        (answer(403, b'{"message": "API rate limit exceeded for user ID 1."}'), 0, 60.0),
    ],
)
def test_a_limit_is_told_from_a_refusal(given: Answer, tries: int, wait: float | None) -> None:
    """By header and by words: how long to wait, or that it is no limit."""
    assert limited(given, NOW, tries) == wait


def test_the_last_page_has_no_next() -> None:
    """Links to other pages are not the next one."""
    assert next_page(answer(200), BASE) is None
    assert next_page(answer(200, link=f'<{BASE}/x?page=1>; rel="first"'), BASE) is None


def test_the_next_page_is_below_the_same_address() -> None:
    """The path below a server's own address, and its query, are kept as they are."""
    link = f'<{BASE}/repositories/1/x?page=2&q=a%20b>; rel="next", <{BASE}/y>; rel="last"'
    assert next_page(answer(200, link=link), BASE) == ("/repositories/1/x", (("page", "2"), ("q", "a b")))


@pytest.mark.parametrize(
    "target",
    [
        "https://api.github.example/other/x",
        "http://api.github.example/api/v3/x",
        "https://api.github.example.evil/api/v3/x",
        "https://user@api.github.example/api/v3/x",
        "https://api.github.example/api/v3//evil.example/x",
        "",
    ],
)
def test_a_next_page_elsewhere_is_refused(target: str) -> None:
    """Another scheme, host or root is not followed."""
    with pytest.raises(BadAnswer, match="not the same server"):
        next_page(answer(200, link=f'<{target}>; rel="next"'), BASE)


def zipped(*members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as file:
        for name, data in members:
            file.writestr(zipfile.ZipInfo(name), data, compression)
    return made.getvalue()


def test_members_are_read_in_memory() -> None:
    """Names and bytes, folders left out."""
    data = zipped(("a.json", b"1"), ("folder/", b""), ("folder/b.xml", b"2"))
    assert [(one.name, one.data) for one in archive.members(data, "x")] == [("a.json", b"1"), ("folder/b.xml", b"2")]


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "C:x", "a\\b", "a//b", "./a", "a\x1bb"])
def test_a_hostile_name_is_refused(name: str) -> None:
    """A name that would lead out of a folder, or obey a terminal, spoils the whole archive."""
    with pytest.raises(BadAnswer, match="hostile name"):
        archive.members(zipped((name, b"")), "x")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_there_twice_is_refused() -> None:
    """Of two files of one name nobody knows which is meant."""
    with pytest.raises(BadAnswer, match="twice"):
        archive.members(zipped(("a", b"1"), ("a", b"2")), "x")


def test_a_bomb_is_not_unpacked() -> None:
    """What unpacks to more than is read is left, whatever its own list says of its size."""
    bomb = zipped(("a", b"\0" * 200_000))
    with pytest.raises(Incomplete, match="unpacks to more than 1000 bytes"):
        archive.members(bomb, "x", largest=1000)
    lied = bomb.replace(struct.pack("<L", 200_000), struct.pack("<L", 10))
    with pytest.raises(Unobserved):
        archive.members(lied, "x", largest=1000)


def test_too_many_members_are_not_read() -> None:
    """A zip of thousands of empty files is left."""
    data = zipped(*((str(number), b"") for number in range(archive.MEMBERS + 1)))
    with pytest.raises(Incomplete, match="files"):
        archive.members(data, "x")


@given(st.binary(max_size=400))
def test_no_bytes_at_all_are_an_accident(data: bytes) -> None:
    """Whatever comes is files or an error of ours."""
    try:
        archive.members(data, "x")
    except Unobserved:
        return


@given(st.integers(0, 300), st.binary(min_size=1, max_size=8))
def test_a_damaged_zip_is_an_error_of_ours(at: int, noise: bytes) -> None:
    """A zip with some bytes changed is files or an error of ours, never an exception of the library's."""
    good = zipped(("a.json", b'{"a": 1}' * 20), ("b.json", b"{}"))
    position = at % len(good)
    try:
        archive.members(good[:position] + noise + good[position + len(noise) :], "x")
    except Unobserved:
        return


def test_a_tag_may_say_nothing_of_its_signature() -> None:
    """`verification` may be absent; that is not "not verified"."""
    body = {
        "sha": "a" * 40,
        "tag": "v1.4.2",
        "message": "",
        "tagger": {"name": "Robin", "email": "", "date": "2026-11-25T20:00:00Z"},
        "object": {"type": "commit", "sha": "b" * 40},
    }
    assert parse.tag(body).verified is None
    assert parse.tag({**body, "verification": {"verified": False}}).verified is False


def test_a_ref_to_something_else_is_neither_kind_of_tag() -> None:
    """A tag that points to a tree or a blob is neither annotated nor lightweight."""
    found = parse.ref({"ref": "refs/tags/x", "object": {"type": "blob", "sha": "a" * 40}})
    assert found.kind is TagKind.OTHER
