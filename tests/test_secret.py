"""Values that never print, and references to them."""

import copy
import json
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from apgms_ops.errors import SecretUnreadable
from apgms_ops.secret import LARGEST, Secret, SecretReference

VALUE = "correct-horse-battery"


@pytest.mark.parametrize(
    "text",
    [
        repr(Secret(VALUE)),
        str(Secret(VALUE)),
        f"{Secret(VALUE)}",
        f"{Secret(VALUE):>40}",
        f"{[Secret(VALUE)]}",
        f"{(Secret(VALUE),)!r}",
        json.dumps({"x": Secret(VALUE)}, default=str),
    ],
)
def test_a_secret_never_prints(text: str) -> None:
    """However it is printed or formatted, a mask comes out."""
    assert VALUE not in text
    assert "****" in text


def test_a_secret_is_not_copied_or_pickled() -> None:
    """Pickle, copy, deep copy and asdict refuse a secret: each would write its value somewhere."""

    @dataclass
    class Holder:
        secret: Secret

    with pytest.raises(TypeError):
        pickle.dumps(Secret(VALUE))
    with pytest.raises(TypeError):
        copy.copy(Secret(VALUE))
    with pytest.raises(TypeError):
        asdict(Holder(Secret(VALUE)))
    with pytest.raises(TypeError):
        json.dumps(Secret(VALUE))


def test_only_reveal_shows_the_value() -> None:
    """`reveal()` returns the value, and equality goes by it."""
    assert Secret(VALUE).reveal() == VALUE
    assert Secret(VALUE) == Secret(VALUE)
    assert Secret(VALUE) != VALUE
    assert len({Secret(VALUE), Secret(VALUE)}) == 1


def test_an_empty_secret_is_refused() -> None:
    """There is no empty secret: it would be sent as no password at all."""
    with pytest.raises(ValueError, match="must not be empty"):
        Secret("")


@pytest.mark.parametrize("text", ["env:NAME", "env:_X1", "file:/run/secrets/x", "file:~/x"])
def test_a_reference_reads_back_as_it_was_written(text: str) -> None:
    """A reference prints as it stands in the file."""
    assert str(SecretReference.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "hunter2", "env:", "file:", "env:a b", "env:hunter2!", "file:relative", "vault:x", "ENV:X", "file:/a\nb"],
)
def test_what_is_no_reference_is_refused_without_being_repeated(text: str) -> None:
    """A value where a reference belongs is refused, and the error does not repeat it."""
    with pytest.raises(ValueError, match="expected a reference") as caught:
        SecretReference.parse(text)
    assert "hunter2" not in str(caught.value)


def test_a_variable_is_read() -> None:
    """`env:NAME` is the variable's value."""
    assert SecretReference.parse("env:NAME").read({"NAME": VALUE}).reveal() == VALUE


@pytest.mark.parametrize(("environ", "why"), [({}, "not set"), ({"NAME": ""}, "empty"), ({"NAME": "  "}, "empty")])
def test_an_unset_or_blank_variable_is_unreadable(environ: dict[str, str], why: str) -> None:
    """A variable that is unset or blank is an error that names the reference."""
    with pytest.raises(SecretUnreadable, match=f"env:NAME cannot be read: the variable is {why}"):
        SecretReference.parse("env:NAME").read(environ)


def test_a_file_is_read_without_the_white_space_around_it(tmp_path: Path) -> None:
    """The line break at the end of a file is no part of the secret."""
    (tmp_path / "s").write_text(f"{VALUE}\n", encoding="utf-8")
    assert SecretReference.parse(f"file:{tmp_path}/s").read({}).reveal() == VALUE


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b" \n", "the file is empty"),
        (b"\xff\xfe", "not UTF-8"),
        (b"x" * (LARGEST + 1), "larger than"),
        (None, "No such"),
    ],
)
def test_a_file_that_holds_no_secret_is_unreadable(tmp_path: Path, content: bytes | None, why: str) -> None:
    """A file that is missing, blank, binary or huge is an error that says so."""
    if content is not None:
        (tmp_path / "s").write_bytes(content)
    with pytest.raises(SecretUnreadable, match=why):
        SecretReference.parse(f"file:{tmp_path}/s").read({})


def test_a_folder_is_no_secret(tmp_path: Path) -> None:
    """A folder where a file is expected is an error, not a traceback."""
    with pytest.raises(SecretUnreadable, match="Is a directory"):
        SecretReference.parse(f"file:{tmp_path}").read({})


def test_the_home_of_nobody_is_unreadable() -> None:
    """A home folder that does not exist is an error, not a traceback."""
    with pytest.raises(SecretUnreadable):
        SecretReference.parse("file:~no-such-user-here/x").read({})
