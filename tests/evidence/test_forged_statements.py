"""What somebody who holds a key can still not do: seal what does not fit its run, its chain, or its authority."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence import dsse, keys
from apgms_ops.evidence.dsse import Envelope
from apgms_ops.evidence.folder import verify_chain
from apgms_ops.evidence.statement import Link, Sealed
from apgms_ops.evidence.verify import verify_run
from apgms_ops.observation import canonical, digest
from tests.evidence.forging import HOUR, PAST, forged
from tests.evidence.making import DAY, Forge


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    """Somebody with a key, and no authority."""
    forge = Forge(tmp_path)
    forge.clock.at += DAY
    return forge


def _predicate(**change: object) -> Callable[[dict[str, Any]], None]:
    return lambda data: data["predicate"].update(change)


def _subject(change: Callable[[list[dict[str, Any]]], object]) -> Callable[[dict[str, Any]], None]:
    return lambda data: (change(data["subject"]), None)[1]


def _rename(name: str) -> Callable[[dict[str, Any]], None]:
    return _subject(lambda found: found[0].update(name=name))


def _drop(name: str) -> Callable[[dict[str, Any]], None]:
    def act(data: dict[str, Any]) -> None:
        data["subject"] = [subject for subject in data["subject"] if subject["name"] != name]

    return act


STATEMENTS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "of another type": (
        lambda data: data.update(predicateType="https://slsa.dev/provenance/v1"),
        "is not one of a run",
    ),
    "of another version": (lambda data: data.update(_type="https://in-toto.io/Statement/v0.1"), "is not one of a run"),
    "without a predicate": (lambda data: data.pop("predicate"), r"the statement is malformed"),
    "of fewer checks": (_predicate(checks=[]), r"its summary \(checks\) is not what the ledger says"),
    "of another release": (_predicate(release="v9.9.9"), r"its summary \(release\)"),
    "of another closing entry": (_predicate(closing={"exit": 0}), r"its summary \(closing\)"),
    "sealed before the end": (_predicate(sealed_at="2026-11-24T02:00:00.000000Z"), "before the run was closed"),
    "sealed at no time": (_predicate(sealed_at="2026-11-24T02:00:00"), "malformed"),
    "path out of the run": (_rename("../../other/ledger.jsonl"), r"\.\./\.\./other/ledger\.jsonl: not the name of a"),
    "absolute path": (_rename("/etc/passwd"), r"/etc/passwd: not the name of a file"),
    "path of a drive": (_rename("c:ledger.jsonl"), r"not the name of a file"),
    "path with a backslash": (_rename("a\\ledger.jsonl"), r"not the name of a file"),
    "path with a line break": (_rename("a\nb"), r"not the name of a file"),
    "subject twice": (_subject(lambda found: found.append(found[0])), r"names \S+ twice"),
    "subject without its digest": (
        _subject(lambda found: found[0].update(digest={"sha256": "0"})),
        r"without its digest",
    ),
    "ledger left out": (_drop("ledger.jsonl"), r"ledger\.jsonl: added after"),
    "place before the first": (_predicate(chain={"seq": -1, "previous": None, "previous_run": None}), "malformed"),
    "place that is no number": (
        _predicate(chain={"seq": True, "previous": "0" * 64, "previous_run": "a"}),
        "malformed",
    ),
    "first place with a past": (_predicate(chain=PAST | {"seq": 0}), "malformed"),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_that_does_not_fit_its_run_is_invalid(forge: Forge, name: str) -> None:
    """A statement of the wrong kind, or that says other than the ledger, is refused although it is well signed."""
    change, named = STATEMENTS[name]
    run = forge.record()
    with pytest.raises(EvidenceInvalid, match=named):
        verify_run(forged(forge, run, change), forge.trust)


def test_a_statement_that_is_not_canonical_is_invalid(forge: Forge) -> None:
    """A signed statement in which a key stands twice says two things, and is refused."""
    run = forged(forge, forge.record())
    payload = dsse.parse((run / "attestation.json").read_bytes()).payload
    payload = payload.replace(b'{"_type"', b'{"_type":"x","_type"', 1)
    signature = keys.sign(forge.key.private, dsse.encoding(payload))
    (run / "attestation.json").write_bytes(Envelope(payload, forge.key.trusted.public.id, signature).to_bytes())
    with pytest.raises(EvidenceInvalid, match="the statement is not canonical"):
        verify_run(run, forge.trust)


def test_a_clock_that_was_set_back_shows_against_the_authority(forge: Forge) -> None:
    """A run that claims to be of last week, and was dated today, is refused."""
    run = forge.record()
    forge.clock.at += 7 * DAY
    with pytest.raises(EvidenceInvalid, match=r"timestamp\.tsr: the authority dated the seal 2026-12-01.*set back"):
        verify_run(forged(forge, run, sealed=Sealed(forge.clock.at - 7 * DAY, None), dated=True), forge.trust)


def test_a_timestamp_that_was_asked_for_and_taken_away_is_missed(forge: Forge) -> None:
    """Nobody turns a dated run into one that says it was not: that is under the signature."""
    run = forged(forge, forge.record(), dated=True)
    assert verify_run(run, forge.trust).stamp is not None
    (run / "timestamp.tsr").unlink()
    with pytest.raises(EvidenceInvalid, match=r"timestamp\.tsr: missing"):
        verify_run(run, forge.trust)


def test_a_timestamp_that_nobody_asked_for_is_refused(forge: Forge) -> None:
    """A timestamp beside a seal that names no authority was put there."""
    run = forged(forge, forge.record())
    shutil.copy(forge.run() / "timestamp.tsr", run)
    with pytest.raises(EvidenceInvalid, match=r"timestamp\.tsr: there, and the seal says that nobody gave one"):
        verify_run(run, forge.trust)


def _chained(forge: Forge, at_seal: timedelta, at_stamp: timedelta, **change: object) -> None:
    """Add a run to the chain whose seal claims other times, or another place, than it has."""
    run = forge.record()
    forge.clock.at += at_stamp
    last = json.loads(forge.chain.read_bytes().splitlines()[-1])
    link = replace(Link(last["seq"] + 1, last["attestation"], last["run"]), **change)  # type: ignore[arg-type]  # of a test
    forged(forge, run, sealed=Sealed(forge.clock.at + at_seal, link), dated=True)
    data = {
        "seq": last["seq"] + 1,
        "run": run.name,
        "attestation": digest((run / "attestation.json").read_bytes()),
        "prev": last["attestation"],
    }
    with forge.chain.open("ab") as file:
        file.write(canonical(data) + b"\n")


def _backdate(forge: Forge) -> None:
    """Turn the whole machine back by an hour, and the authority with it."""
    forge.clock.at -= HOUR


CHAINS: dict[str, tuple[Callable[[Forge], None], Mapping[str, Any], str]] = {
    "in another place than its seal says": (
        lambda _: None,
        {"seq": 7},
        r"in place 2 of the chain, and its seal says 7",
    ),
    "behind another run than its seal says": (lambda _: None, {"previous": "1" * 64}, r"in place 2 of the chain"),
    "sealed before the run that it follows": (
        _backdate,
        {},
        r"attestation\.json: sealed before the run that it follows",
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_a_run_that_does_not_follow_is_invalid_though_it_is_sealed(forge: Forge, name: str) -> None:
    """A sealed run whose seal contradicts its place in the chain is refused, and named."""
    prepare, change, named = CHAINS[name]
    for _ in range(2):
        forge.run()
    prepare(forge)
    _chained(forge, timedelta(), timedelta(), **change)
    with pytest.raises(EvidenceInvalid, match=named):
        verify_chain(forge.runs, forge.chain, forge.trust)


def test_a_run_dated_before_the_one_that_it_follows_is_invalid(forge: Forge) -> None:
    """A seal whose timestamp is older than that of the run before it was not made after it."""
    forge.run()
    # Within what a claimed time may be off: only the order of the two timestamps shows it.
    _chained(forge, timedelta(minutes=3), -timedelta(minutes=2))
    with pytest.raises(EvidenceInvalid, match=r"timestamp\.tsr: dated before the run that it follows"):
        verify_chain(forge.runs, forge.chain, forge.trust)


def test_a_run_of_another_environment_has_no_place_in_a_chain(forge: Forge, tmp_path: Path) -> None:
    """A staging run does not become production's by being put into its chain, even with the same key."""
    staging = Forge(tmp_path, "staging")
    staging.key, staging.authority, staging.clock = forge.key, forge.authority, forge.clock
    forge.run()
    staging.run()
    staging.chain.parent.rename(forge.chain.parent.with_name("aside"))
    shutil.copy(forge.chain.parent.with_name("aside") / "chain.jsonl", forge.chain)
    with pytest.raises(EvidenceInvalid, match="environment staging, not of production"):
        verify_chain(forge.runs, forge.chain, forge.trust)
    anyone = replace(forge.trust, environment=None)
    with pytest.raises(EvidenceInvalid, match="a run of staging in the chain of production"):
        verify_chain(forge.runs, forge.chain, anyone)
