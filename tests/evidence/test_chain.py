"""The sequence of an environment's runs: nothing is lost, whoever writes, dies or finds the disk full."""

import multiprocessing
import os
import resource
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence import chain
from apgms_ops.evidence.chain import Chain, Unchained, held
from apgms_ops.evidence.folder import verify_chain
from apgms_ops.evidence.sealing import Sealer
from apgms_ops.evidence.verify import verify_run
from tests.evidence.making import DAY, Forge

SPAWN = multiprocessing.get_context("fork")


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    """An environment without runs."""
    return Forge(tmp_path)


def _now() -> datetime:
    return datetime.now(UTC)


def test_two_writers_at_once_lose_nothing(forge: Forge) -> None:
    """Processes that seal at once end up behind one another, and the chain verifies."""
    forge.authority = None
    runs = [forge.record() for _ in range(8)]

    def seal(mine: list[Path]) -> None:
        for run in mine:
            Sealer(forge.key.signer, None, forge.chain, _now).seal(run, Deadline(60))

    writers = [SPAWN.Process(target=seal, args=(runs[part::2],)) for part in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    proof = verify_chain(forge.runs, forge.chain, forge.trust)
    assert (proof.runs, proof.last.seq, proof.unchained) == (8, 7, ())


def _deaths() -> Iterator[tuple[str, int]]:
    return ((step, count) for step in ("fsync", "replace") for count in range(1, 4))


@pytest.mark.parametrize(("step", "count"), list(_deaths()), ids=str)
def test_a_kill_leaves_the_old_state_or_the_new_one(forge: Forge, step: str, count: int) -> None:
    """Killed before any step that reaches the disk, a chain holds, and the next run joins it."""
    forge.run()
    forge.clock.at += DAY
    run = forge.record()

    def die() -> None:
        seen = 0
        real: Callable[..., object] = getattr(os, step)

        def last(*arguments: object, **named: object) -> object:
            nonlocal seen
            seen += 1
            if seen == count:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **named)

        setattr(os, step, last)
        forge.seal(run)
        os._exit(0)

    child = SPAWN.Process(target=die)
    child.start()
    child.join(60)
    assert child.exitcode in (-signal.SIGKILL, 0)
    forge.clock.at += DAY
    forge.run()
    proof = verify_chain(forge.runs, forge.chain, forge.trust)
    assert proof.runs + proof.unsealed == 3
    assert proof.runs >= 2


def test_a_seal_whose_last_step_was_interrupted_is_finished_by_the_next(forge: Forge) -> None:
    """A run whose line was written gets its seal from its draft, once the next one comes."""
    run = forge.run()
    seal = (run / "attestation.json").rename(run / ".attestation.draft")
    forge.run()
    assert not seal.exists()
    assert verify_run(run, forge.trust).seq == 0


def test_a_draft_that_is_not_the_one_of_the_chain_is_left_alone(forge: Forge) -> None:
    """A draft of another content does not become a seal."""
    run = forge.run()
    (run / "attestation.json").unlink()
    (run / ".attestation.draft").write_text("{}")
    forge.run()
    with pytest.raises(EvidenceInvalid, match="UNSEALED"):
        verify_run(run, forge.trust)


@pytest.mark.parametrize("room", [0, 1, 60, 150])
def test_a_full_disk_leaves_the_chain_as_it_was(forge: Forge, room: int) -> None:
    """A line that does not fit is not written in part: the run cannot join, and the chain is as it was."""
    forge.run()
    before = forge.chain.read_bytes()
    run = forge.record()
    with forge.chain.open("a+b", buffering=0) as file:
        opened = Chain(file, forge.chain, forge.runs)
        # A file that may grow by so many bytes, as on a disk with so much room; ended by SIGXFSZ unless it is ignored.
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + room, hard))
        try:
            with pytest.raises(Unchained, match=r"File too large|No space left"):
                opened.append(run, b"{}", "0" * 64)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, ignored)
    assert not list(run.glob("*attestation*"))
    assert forge.chain.read_bytes() == before


def test_a_line_that_was_cut_off_was_never_written(forge: Forge) -> None:
    """Behind a line without its line break the next run takes the place that it did not get."""
    forge.run()
    whole = forge.chain.read_bytes()
    forge.chain.write_bytes(whole + whole[: len(whole) // 2])
    assert verify_chain(forge.runs, forge.chain, forge.trust).runs == 1
    forge.run()
    assert verify_chain(forge.runs, forge.chain, forge.trust).runs == 2


def test_nothing_is_appended_to_a_damaged_chain(forge: Forge) -> None:
    """A chain whose last line is no entry is not built upon: the run is UNCHAINED, and says so."""
    forge.run()
    forge.chain.write_bytes(forge.chain.read_bytes() + b"{}\n")
    run = forge.run()
    proof = verify_run(run, forge.trust)
    assert proof.seq is None
    assert "damaged chain" in proof.unchained


def test_a_chain_that_is_held_for_too_long_is_given_up(forge: Forge) -> None:
    """Who waits for the chain waits for a bounded time."""
    with (
        held(forge.chain, forge.runs, Deadline(5)),
        pytest.raises(Unchained, match=r"another run held it for longer than 0\.05 s"),
        held(forge.chain, forge.runs, Deadline(0.05)),
    ):
        pytest.fail("held twice")


def test_adding_a_run_does_not_read_the_old_ones(forge: Forge, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes of the chain that are read to add a run are as many for the two hundredth as for the third."""
    forge.authority = None
    read: list[int] = []
    real = chain._end

    class Counting:
        def __init__(self, file: object) -> None:
            self.file = file
            self.read_bytes = 0

        def seek(self, *arguments: int) -> int:
            return int(self.file.seek(*arguments))  # type: ignore[attr-defined]  # a file

        def read(self, size: int) -> bytes:
            data: bytes = self.file.read(size)  # type: ignore[attr-defined]  # a file
            self.read_bytes += len(data)
            return data

    def counted(file: object, path: Path) -> tuple[bytes, int]:
        counting = Counting(file)
        found = real(counting, path)  # type: ignore[arg-type]  # reads as a file does
        read.append(counting.read_bytes)
        return found

    monkeypatch.setattr(chain, "_end", counted)
    for _ in range(200):
        forge.run(("PASS",))
    assert max(read) <= 4096
    assert read[-1] == read[-100]
    assert verify_chain(forge.runs, forge.chain, forge.trust).runs == 200


def test_verifying_is_proportional_to_what_is_verified(forge: Forge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verifying twice as many runs hashes twice as many bytes, and holds on to no more of them."""
    from apgms_ops.evidence import files  # noqa: PLC0415 — used by this test alone

    forge.authority = None
    hashed: list[str] = []
    real = files.file_digest

    def counted(path: Path) -> str:
        hashed.append(path.name)
        return real(path)

    monkeypatch.setattr(files, "file_digest", counted)
    works = []
    for _ in range(2):
        for _ in range(20):
            forge.run(("PASS",))
        hashed.clear()
        verify_chain(forge.runs, forge.chain, forge.trust)
        works.append(len(hashed))
    assert works[1] == 2 * works[0]


def test_the_file_that_is_told_to_others_is_that_of_the_environment(tmp_path: Path) -> None:
    """Chains lie beside the runs, or where the environment says, one folder an environment."""
    runs = tmp_path / "reports" / "runs"
    assert (
        chain.path_of(chain.folder_of(None, runs, tmp_path), "staging")
        == tmp_path / "reports/chain/staging/chain.jsonl"
    )
    assert chain.folder_of("/srv/chain", runs, tmp_path) == Path("/srv/chain")
    assert chain.folder_of("kept", runs, tmp_path) == tmp_path / "kept"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"{}",
        b'{"attestation":"0","prev":null,"run":"a","seq":0}',
        b'{"attestation":"%b","prev":null,"run":7,"seq":0}' % (b"0" * 64),
        b'{"attestation":"%b","prev":null,"run":"a","seq":1}' % (b"0" * 64),
        b'{"attestation":"%b","prev":null,"run":"a","seq":0,"x":1}' % (b"0" * 64),
        b"[" * 100_000,
    ],
)
def test_what_is_no_entry_is_refused_with_its_line(line: bytes) -> None:
    """A foreign or malformed line is an error that names it."""
    with pytest.raises(EvidenceInvalid, match="line 3"):
        chain.parse(line, 3)
