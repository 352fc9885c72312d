"""Documents that people supply: registered whole or not at all, and watched by their digest."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apgms_ops.compliance.supplied import load_supplied, register
from apgms_ops.errors import ConfigurationError

NOW = datetime(2026, 11, 26, tzinfo=UTC)
LATER = NOW + timedelta(days=200)
TOLD = {"control": "personnel-security", "title": 'Screening "policy" 3.1 \\ é', "owner": "people team"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of environment files, and a document beside it."""
    (tmp_path / "policy.pdf").write_bytes(b"policy")
    made = tmp_path / "environments"
    made.mkdir()
    return made


def test_a_document_is_registered_and_holds(folder: Path) -> None:
    """It is read back as it was told, beside what stood there before, and holds until it expires."""
    (folder / "controls.toml").write_text("# kept\n")
    added = register(folder, folder.parent / "policy.pdf", TOLD, NOW, LATER)
    assert load_supplied(folder) == (added,)
    assert (added.title, added.file) == (TOLD["title"], "../policy.pdf")
    assert (folder / "controls.toml").read_text().startswith("# kept\n")
    assert added.trouble(folder, NOW) == ""
    assert added.trouble(folder, LATER).startswith("expired at")


def test_a_changed_or_missing_document_is_named(folder: Path) -> None:
    """What is not the file that was registered is no evidence."""
    added = register(folder, folder.parent / "policy.pdf", TOLD, NOW, LATER)
    (folder.parent / "policy.pdf").write_bytes(b"another")
    assert "not the file that was registered" in added.trouble(folder, NOW)
    (folder.parent / "policy.pdf").unlink()
    assert "cannot be read" in added.trouble(folder, NOW)


@pytest.mark.parametrize(
    ("told", "expires", "named"),
    [
        (TOLD | {"control": "nothing"}, LATER, "audit-logging"),
        (TOLD | {"owner": ""}, LATER, "owner"),
        (TOLD | {"title": "a\nb"}, LATER, "title"),
        (TOLD, NOW, "later than issued"),
    ],
)
def test_what_cannot_be_registered_changes_nothing(
    folder: Path, told: dict[str, str], expires: datetime, named: str
) -> None:
    """An error says what was expected, and the file stays as it was."""
    register(folder, folder.parent / "policy.pdf", TOLD, NOW, LATER)
    before = (folder / "controls.toml").read_text()
    with pytest.raises(ConfigurationError, match=named):
        register(folder, folder.parent / "policy.pdf", told, NOW, expires)
    assert (folder / "controls.toml").read_text() == before
    assert not [path for path in folder.iterdir() if "draft" in path.name]


def test_an_empty_document_is_evidence_of_nothing(folder: Path) -> None:
    """Neither an empty file nor a missing one is registered."""
    (folder.parent / "policy.pdf").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="empty"):
        register(folder, folder.parent / "policy.pdf", TOLD, NOW, LATER)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        register(folder, folder.parent / "none.pdf", TOLD, NOW, LATER)


def test_two_at_once_lose_nothing(folder: Path) -> None:
    """Twenty registrations by four threads at once are all there."""
    names = [f"Policy {number}" for number in range(20)]
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda title: register(folder, folder.parent / "policy.pdf", TOLD | {"title": title}, NOW, LATER), names
            )
        )
    assert sorted(one.title for one in load_supplied(folder)) == sorted(names)
