"""What people supply, on the page over all runs: who answers for it, until when, and gaps as gaps."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apgms_ops.compliance.supplied import Supplied, load_supplied, register
from apgms_ops.reports.front import Documents
from tests.reports.front.test_front_page import HOSTILE, NOW, drawn, row
from tests.reports.recorded import write_run

BY_HAND = "personnel-security"
ISSUED = datetime(2026, 1, 1, tzinfo=UTC)
EXPIRES = datetime(2027, 6, 30, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of environment files, beside a run."""
    write_run(tmp_path / "runs")
    (tmp_path / "environments").mkdir()
    return tmp_path / "environments"


def supply(
    folder: Path, title: str, control: str = BY_HAND, expires: datetime = EXPIRES, owner: str = "people"
) -> Path:
    """Register a document, as `apgms-ops controls register` does."""
    file = folder / f"{len(list(folder.iterdir()))}.pdf"
    file.write_text(title)
    register(folder, file, {"control": control, "title": title, "owner": owner}, ISSUED, expires)
    return file


def shown(folder: Path, control: str = BY_HAND) -> str:
    """Return the row of a control."""
    documents = Documents([(document, document.trouble(folder, NOW)) for document in load_supplied(folder)])
    return row(drawn(folder.parent / "runs", documents=documents), control)


def test_a_document_that_holds_evidences_its_control(folder: Path) -> None:
    """Its title, its owner, the beginning of its digest and its last day stand there; the control is no gap."""
    supply(folder, "Screening policy 3.1")
    found = shown(folder)
    digest = load_supplied(folder)[0].sha256
    for words in ("Screening policy 3.1, owner people", f"sha256 {digest[:12]}…, until 2027-06-30", "holds"):
        assert words in found
    assert "GAP" not in found
    assert "GAP" in shown(folder, "encryption-key-management")


@pytest.mark.parametrize("trouble", ["expired", "missing", "altered"])
def test_a_document_that_is_no_evidence_is_a_gap(folder: Path, trouble: str) -> None:
    """Expired, missing or changed since: the control is a gap, and says why."""
    file = supply(folder, "Screening policy", expires=NOW if trouble == "expired" else EXPIRES)
    if trouble == "missing":
        file.unlink()
    if trouble == "altered":
        file.write_text("We screen nobody.")
    why = {"expired": "expired at", "missing": "cannot be read", "altered": "it was changed"}[trouble]
    found = shown(folder)
    assert found.count("GAP") == 2
    assert why in found
    assert "holds<" not in found


def test_one_that_was_renewed_is_not_missed(folder: Path) -> None:
    """Under the same title there is one that holds: the old one is shown as replaced."""
    supply(folder, "Screening policy", expires=NOW)
    supply(folder, "Screening policy")
    found = shown(folder)
    assert "GAP" not in found
    assert "replaced: expired at" in found


def test_a_document_hides_no_gap_of_the_checks(folder: Path) -> None:
    """A control that checks evidence has its document beside its verdict, and trouble with it is a gap all the same."""
    supply(folder, "Logging standard", "audit-logging", NOW)
    found = shown(folder, "audit-logging")
    assert "PASS" in found
    assert found.count("GAP") == 1
    supply(folder, "Hosting certificate", "data-hosting")
    assert "Documents alone" in shown(folder, "data-hosting")


def test_documents_that_cannot_be_read_are_told(folder: Path) -> None:
    """None of them counts, and the page says so at its top."""
    page = drawn(folder.parent / "runs", documents=Documents(unread="controls.toml: line 3: expected TOML"))
    assert "What was supplied by hand cannot be read" in page.text
    assert "controls.toml: line 3" in page.text
    assert "GAP" in row(page, BY_HAND)


def test_hostile_titles_and_owners_are_text(folder: Path) -> None:
    """Whoever may register a document may not write the page."""
    values = {"control": BY_HAND, "title": HOSTILE, "owner": HOSTILE, "file": "x.pdf", "sha256": "0" * 64}
    document = Supplied.model_construct(**values, issued=ISSUED, expires=EXPIRES + timedelta(days=1))  # type: ignore[arg-type]  # what a model would refuse
    for trouble in ("", HOSTILE):
        page = drawn(folder.parent / "runs", documents=Documents([(document, trouble)]))
        assert page.elements["img"] == 0
        assert "\u202e" not in page.raw
