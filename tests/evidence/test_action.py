"""What a command did is recorded: before it acts, and what came of it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.action import DONE, FAILED, ActionRecord, Intent, read_action

AT = datetime(2026, 11, 24, 2, tzinfo=UTC)
INTENT = Intent(
    command="release tag v1.4.3",
    environment="production",
    does="tags v1.4.3 in apgms/platform",
    steps=("git tag --annotate v1.4.3", "git push origin refs/tags/v1.4.3"),
    by="robin on laptop",
    identities={"github": "480108"},
)


def test_what_is_about_to_be_done_is_written_before_it_is(tmp_path: Path) -> None:
    """The plan says what, where, by whom and to which system; without an end, nobody knows what came of it."""
    record = ActionRecord(tmp_path / "actions", INTENT, AT)
    plan, close = read_action(record.path)
    assert record.path.name.startswith("20261124T020000.000Z-production-")
    assert (plan["command"], plan["by"], plan["environment"]) == (INTENT.command, INTENT.by, "production")
    assert (plan["steps"], plan["identities"]) == (list(INTENT.steps), {"github": "480108"})
    assert close is None


@pytest.mark.parametrize(("outcome", "cause"), [(DONE, ""), (FAILED, "git push failed: no")])
def test_what_came_of_it_closes_the_record(tmp_path: Path, outcome: str, cause: str) -> None:
    """Done, or why not."""
    record = ActionRecord(tmp_path, INTENT, AT)
    record.close(outcome, cause)
    assert read_action(record.path)[1] == {"outcome": outcome, "cause": cause}


def test_a_record_that_was_altered_does_not_verify(tmp_path: Path) -> None:
    """Another name in the place of who did it breaks the chain."""
    record = ActionRecord(tmp_path, INTENT, AT)
    record.close(DONE)
    file = record.path / "ledger.jsonl"
    file.write_text(file.read_text(encoding="utf-8").replace("robin", "somebody"), encoding="utf-8")
    with pytest.raises(EvidenceInvalid, match="altered"):
        read_action(record.path)


def test_a_record_is_one_json_object_a_line(tmp_path: Path) -> None:
    """Two lines, the second of which names the first."""
    record = ActionRecord(tmp_path, INTENT, AT)
    record.close(DONE)
    first, last = map(json.loads, (record.path / "ledger.jsonl").read_text(encoding="utf-8").splitlines())
    assert (first["type"], last["type"]) == ("plan", "close")
    assert last["prev"] == first["hash"]
