"""What must not leave a run's folder is found, and what may is not."""

import json
from pathlib import Path

import pytest

from apgms_ops.evidence.scan import findings
from apgms_ops.redact import Redactor
from apgms_ops.secret import Secret
from tests.evidence.making import Forge

KNOWN = Redactor([Secret("correct horse battery staple")])
TFN = "123456782"
"""It has the check digit of a tax file number."""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A sealed run."""
    return Forge(tmp_path).run()


def test_a_run_as_it_is_written_may_leave(run: Path) -> None:
    """Seal, timestamp, ledger, observations, results."""
    assert not list(findings(run, KNOWN))


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("note.txt", "one\npassword: hunter22hunter22\n", "line 2"),
        ("note.txt", "paid to employee 123 456 782", "line 1"),
        ("note.txt", "the correct horse battery staple", "line 1"),
        ("a.csv", "id,tfn\n1,123 456 782\n", "line 2"),
        ("a-result.json", json.dumps({"steps": [{"name": "token ghp_" + "a" * 36}]}), "steps[0].name"),
        ("a-result.json", json.dumps({"parameters": {"client_secret": "s3"}}), "parameters.client_secret"),
        ("a-result.json", json.dumps({"123 456 782": 1}), ""),
        ("ledger.jsonl", '{"a": 1}\n{"seen": "tfn 123 456 782"}\n', "line 2.seen"),
        ("broken.json", '{"authorization": "Bearer abcdefgh12345678', "line 1"),
        ("environment.json", json.dumps({"kafka": {"password": "correct"}}), "kafka.password"),
    ],
)
def test_what_must_not_leave_is_named_and_not_shown(run: Path, name: str, text: str, where: str) -> None:
    """By file and place."""
    (run / name).write_text(text)
    found = [one for one in findings(run, KNOWN) if one.file == name]
    assert [one.where for one in found] == [where]
    assert not any(secret in str(found) for secret in ("hunter22", "456 782", "horse", "ghp_", "abcdefgh"))


def test_what_is_no_text_cannot_be_looked_through(run: Path) -> None:
    """A picture, an archive: whatever is in it, nobody saw."""
    (run / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    (one,) = findings(run, KNOWN)
    assert (one.file, "cannot be looked through" in one.what) == ("picture.png", True)


def test_a_reference_to_a_secret_is_none(run: Path) -> None:
    """An environment says where its secrets are; that is no secret."""
    (run / "environment.json").write_text(json.dumps({"kafka": {"password": "env:KAFKA_PASSWORD", "token": None}}))
    assert not list(findings(run, KNOWN))


def test_a_number_that_was_recorded_as_a_number_is_no_tax_file_number(run: Path) -> None:
    """One offset in eleven has the check digit. The same digits as text alone are taken for one."""
    table = run / "table.csv"
    table.write_text(f"partition,offset\n0,{TFN}\n1,123 456 782\n")
    assert [one.file for one in findings(run, KNOWN)] == ["table.csv"]
    observation = next((run / "observations").glob("*.json"))
    data = json.loads(observation.read_text())
    data["facts"] = {"offset": int(TFN)}
    observation.write_text(json.dumps(data))
    assert not list(findings(run, KNOWN))
    table.write_text(table.read_text() + "2,password: hunter22hunter22\n")
    assert [one.where for one in findings(run, KNOWN)] == ["line 4"]
