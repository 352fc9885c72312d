"""What can be done to a sealed run, and to the keys by which it is believed."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from apgms_ops.evidence.folder import ChainProof, verify_chain
from apgms_ops.evidence.ledger import CLOSE, VERDICT
from apgms_ops.evidence.trust import Trust
from apgms_ops.evidence.verify import verify_run
from tests.evidence.making import Book, Forge, a_key
from tests.evidence.toy_authority import ToyAuthority


@dataclass
class Case:
    """A sealed chain of four runs, and an auditor."""

    forge: Forge
    runs: list[Path]
    head: str
    trust: Trust

    def verify(self) -> ChainProof:
        """Do what an auditor does, who knows the head from elsewhere."""
        return verify_chain(self.forge.runs, self.forge.chain, self.trust, self.head)

    @property
    def second(self) -> Path:
        """A run in the middle."""
        return self.runs[1]

    def observation(self) -> Path:
        """An observation of the second run."""
        return min((self.second / "observations").iterdir())

    def lines(self) -> list[bytes]:
        """The lines of the chain."""
        return self.forge.chain.read_bytes().splitlines(keepends=True)

    def write_lines(self, lines: list[bytes]) -> None:
        """Replace the chain."""
        self.forge.chain.write_bytes(b"".join(lines))


def append(name: str) -> Callable[[Case], None]:
    """A byte is added to a file of the second run."""

    def act(case: Case) -> None:
        with (case.second / name).open("ab") as file:
            file.write(b" ")

    return act


def cut(name: str) -> Callable[[Case], None]:
    """The last byte of a file of the second run is removed."""

    def act(case: Case) -> None:
        path = case.second / name
        path.write_bytes(path.read_bytes()[:-1])

    return act


def remove(name: str) -> Callable[[Case], None]:
    """A file of the second run is removed."""
    return lambda case: (case.second / name).unlink()


def add(name: str) -> Callable[[Case], None]:
    """A file is added to the second run."""

    def act(case: Case) -> None:
        path = case.second / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")

    return act


def flip_verdict(case: Case) -> None:
    """FAIL becomes PASS in place."""
    ledger = case.second / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b'"verdict":"FAIL"', b'"verdict":"PASS"'))


def rehash(case: Case) -> None:
    """FAIL becomes PASS, with counts, exit and hash chain to match."""
    book = Book.read(case.second / "ledger.jsonl")
    for entry in book.of(VERDICT):
        entry["body"]["verdict"] = "PASS"
    book.of(CLOSE)[0]["body"] |= {"verdicts": {"PASS": 3}, "exit": 0}
    book.write(case.second / "ledger.jsonl")


def rename_file(case: Case) -> None:
    """A file has another name."""
    result = case.second / "allure-results" / "a-result.json"
    result.rename(result.with_name("b-result.json"))


def symlink_file(case: Case) -> None:
    """A file becomes a link to the same content."""
    observation = case.observation()
    elsewhere = case.forge.runs.parent / "elsewhere.json"
    shutil.move(observation, elsewhere)
    observation.symlink_to(elsewhere)


def hard_link(case: Case) -> None:
    """A file has a second name outside the run, by which it can be changed later."""
    os.link(case.second / "ledger.jsonl", case.forge.runs.parent / "elsewhere.jsonl")


def symlink_run(case: Case) -> None:
    """A run's folder becomes a link."""
    elsewhere = case.forge.runs.parent / case.second.name
    case.second.rename(elsewhere)
    case.second.symlink_to(elsewhere)


def symlink_folder(case: Case) -> None:
    """A folder within a run becomes a link."""
    elsewhere = case.forge.runs.parent / "observations"
    (case.second / "observations").rename(elsewhere)
    (case.second / "observations").symlink_to(elsewhere)


def fifo(case: Case) -> None:
    """A device stands among the files."""
    os.mkfifo(case.second / "pipe")


def misname_observation(case: Case) -> None:
    """An observation is named by another digest."""
    observation = case.observation()
    observation.rename(observation.with_name(f"{'0' * 64}.json"))


def swap_observations(case: Case) -> None:
    """Two observations change places."""
    one, other = sorted((case.second / "observations").iterdir())
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def unseal(case: Case) -> None:
    """A run's seal is gone."""
    (case.second / "attestation.json").unlink()


def anothers_seal(case: Case) -> None:
    """A run has the seal of the next one."""
    shutil.copy(case.runs[2] / "attestation.json", case.second)


def anothers_seal_and_stamp(case: Case) -> None:
    """A run has seal and timestamp of the next one."""
    anothers_seal(case)
    shutil.copy(case.runs[2] / "timestamp.tsr", case.second)


def anothers_stamp(case: Case) -> None:
    """A run has the timestamp of the next one."""
    shutil.copy(case.runs[2] / "timestamp.tsr", case.second)


def foreign_stamp(case: Case) -> None:
    """A run is dated by an authority of the same name that nobody trusts."""
    foreign = ToyAuthority(case.forge.clock)
    envelope = json.loads((case.second / "attestation.json").read_bytes())
    from base64 import b64decode  # noqa: PLC0415 — used by this case alone

    from apgms_ops.evidence.timestamp import normal  # noqa: PLC0415 — used by this case alone

    signature = b64decode(envelope["signatures"][0]["sig"])
    (case.second / "timestamp.tsr").write_bytes(normal(foreign.answer(signature, case.forge.clock())))


def envelope(change: Callable[[dict[str, object]], None]) -> Callable[[Case], None]:
    """Something of the second run's envelope is changed."""

    def act(case: Case) -> None:
        path = case.second / "attestation.json"
        data = json.loads(path.read_bytes())
        change(data)
        path.write_text(json.dumps(data, separators=(",", ":")))

    return act


def signatures(change: Callable[[list[dict[str, str]]], object]) -> Callable[[Case], None]:
    """Something of the envelope's list of signatures is changed."""
    return envelope(lambda data: change(data["signatures"]))  # type: ignore[arg-type]  # a list, as it was written


def double_key_in_envelope(case: Case) -> None:
    """The payload stands in the envelope twice, and readers differ in which counts."""
    path = case.second / "attestation.json"
    path.write_bytes(path.read_bytes().replace(b'{"payload":', b'{"payload":"e30=","payload":', 1))


def double_key_in_ledger(case: Case) -> None:
    """A verdict stands in an entry twice."""
    path = case.second / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"verdict":"FAIL"', b'"verdict":"PASS","verdict":"FAIL"', 1))


def foreign_key(case: Case) -> None:
    """The chain was sealed with a key that the auditor does not believe."""
    case.trust = Trust((a_key().trusted,), case.trust.authorities, "production")


def impostor_key(case: Case) -> None:
    """The auditor's key has the name of the one that sealed, and is another."""
    case.trust = Trust((a_key(case.forge.key.name).trusted,), case.trust.authorities, "production")


def rotated_out(case: Case) -> None:
    """The key was rotated out before the second run."""
    key = case.forge.key.trusted
    end = verify_run(case.second, case.trust).at
    case.trust = Trust((type(key)(key.name, key.public, None, end),), case.trust.authorities, "production")


def not_yet_valid(case: Case) -> None:
    """The key was not valid before the second run."""
    key = case.forge.key.trusted
    start = verify_run(case.second, case.trust).at
    case.trust = Trust((type(key)(key.name, key.public, start, None),), case.trust.authorities, "production")


def foreign_authority(case: Case) -> None:
    """The auditor believes another authority."""
    case.trust = Trust(case.trust.keys, (ToyAuthority(case.forge.clock).ca,), "production")


def other_environment(case: Case) -> None:
    """The auditor asks for staging."""
    case.trust = Trust(case.trust.keys, case.trust.authorities, "staging")
