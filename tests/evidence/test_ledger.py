"""The hash chain of a run."""

import json
import resource
import signal
import threading
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.ledger import CLOSE, GENESIS, VERDICT, Ledger, verify


def at() -> datetime:
    """Return the time at which every entry of these tests is written."""
    return datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.fixture
def lines(tmp_path: Path) -> list[bytes]:
    """The lines of a ledger with a plan, two verdicts and its closing entry."""
    ledger = Ledger(tmp_path / "ledger.jsonl", now=at)
    ledger.begin({"environment": "toy", "checks": []})
    ledger.append(VERDICT, {"check": "a", "verdict": "PASS"})
    ledger.append(VERDICT, {"check": "b", "verdict": "FAIL"})
    ledger.append(CLOSE, {"exit": 1})
    return ledger.path.read_bytes().splitlines()


def test_what_was_appended_verifies(lines: list[bytes]) -> None:
    """A ledger as written verifies, starts from the genesis hash, and every entry names the one before it."""
    entries = verify(lines)
    assert [entry.type for entry in entries] == ["plan", "verdict", "verdict", "close"]
    assert entries[0].prev == GENESIS
    assert all(after.prev == before.hash for before, after in pairwise(entries))
    assert entries[0].at == at()


def test_the_plan_is_written_once(tmp_path: Path) -> None:
    """Of several who begin a ledger, one writes the plan."""
    ledger = Ledger(tmp_path / "ledger.jsonl")
    assert [ledger.begin({"environment": "toy"}) for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("change", ["remove", "swap", "repeat", "flip", "reformat", "add a key", "rehash"])
def test_a_change_is_found_and_named(lines: list[bytes], change: str) -> None:
    """A line removed, moved, repeated, altered, reformatted or hashed anew is found, and the text says where."""
    if change == "remove":
        del lines[1]
    elif change == "swap":
        lines[1], lines[2] = lines[2], lines[1]
    elif change == "repeat":
        lines.insert(2, lines[1])
    elif change == "flip":
        lines[2] = lines[2].replace(b"FAIL", b"PASS")
    elif change == "reformat":
        lines[2] = json.dumps(json.loads(lines[2])).encode()
    elif change == "add a key":
        lines[2] = lines[2].replace(b'{"at"', b'{"also":1,"at"')
    else:
        from apgms_ops.observation import canonical, digest  # noqa: PLC0415 — used by this case alone

        entry = json.loads(lines[2].replace(b"FAIL", b"PASS"))
        del entry["hash"]
        entry["hash"] = digest(canonical(entry))
        lines[2] = canonical(entry)
    with pytest.raises(EvidenceInvalid, match=r"ledger\.jsonl line [234]"):
        verify(lines)


@pytest.mark.parametrize("value", [b'"\\ud800"', b"9007199254740993", b"NaN", b"[" * 100_000])
def test_what_has_no_canonical_form_is_no_entry(lines: list[bytes], value: bytes) -> None:
    """Half of a surrogate pair, a number beyond what JSON holds, or nesting without end is refused as any other."""
    lines[1] = lines[1].replace(b'"a"', value)
    with pytest.raises(EvidenceInvalid, match=r"ledger\.jsonl line 2: not a ledger entry"):
        verify(lines)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(data=st.data())
def test_any_changed_byte_is_found(lines: list[bytes], data: st.DataObject) -> None:
    """Whichever byte of whichever line is changed, the ledger does not verify."""
    number = data.draw(st.integers(0, len(lines) - 1))
    position = data.draw(st.integers(0, len(lines[number]) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != lines[number][position]))
    changed = list(lines)
    changed[number] = lines[number][:position] + bytes([byte]) + lines[number][position + 1 :]
    with pytest.raises(EvidenceInvalid):
        verify(changed)


@pytest.mark.parametrize("text", [b"", b"{}", b"null", b"[1]", b"\xff", b'{"seq":0}'])
def test_what_is_no_ledger_is_refused(text: bytes) -> None:
    """An empty or foreign file is an error, not an empty ledger."""
    with pytest.raises(EvidenceInvalid):
        verify(text.splitlines())


def test_nothing_is_appended_to_a_damaged_ledger(tmp_path: Path) -> None:
    """A last line that was cut off is not built upon."""
    ledger = Ledger(tmp_path / "ledger.jsonl", now=at)
    ledger.begin({"environment": "toy"})
    whole = ledger.path.read_bytes()
    ledger.path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EvidenceInvalid, match="damaged"):
        ledger.append(VERDICT, {})


def test_long_entries_and_many_writers_make_one_chain(tmp_path: Path) -> None:
    """Entries longer than a read-ahead, appended from several threads at once, verify as one chain."""
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.begin({"environment": "toy", "checks": ["x" * 70_000]})

    def write(number: int) -> None:
        for _ in range(20):
            Ledger(ledger.path).append(VERDICT, {"check": f"{number}", "seen": "y" * 9000})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(verify(ledger.path.read_bytes().splitlines())) == 81


def test_what_has_no_canonical_form_is_refused(tmp_path: Path) -> None:
    """NaN has no place in evidence."""
    ledger = Ledger(tmp_path / "ledger.jsonl")
    with pytest.raises(ValueError, match=r"(?i)nan|float"):
        ledger.begin({"lag": float("nan")})
    assert not ledger.path.read_bytes()


def test_half_an_entry_is_not_left_behind(tmp_path: Path) -> None:
    """Where the disk is full, the entry is refused and the ledger verifies as it was."""
    ledger = Ledger(tmp_path / "ledger.jsonl", now=at)
    ledger.begin({"environment": "toy", "checks": []})
    before = ledger.path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, hard))
    try:
        with pytest.raises(OSError, match=r"space|large"):
            ledger.append(VERDICT, {"check": "a", "verdict": "PASS"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert ledger.path.read_bytes() == before
