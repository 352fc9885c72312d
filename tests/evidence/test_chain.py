"""The sequence of runs: two writers lose nothing, and a kill or a full disk leaves the old state or the new one."""

import multiprocessing
import os
import resource
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.evidence import chain, dsse, files
from apgms_ops.evidence.files import DRAFT
from apgms_ops.evidence.folder import verify_chain
from apgms_ops.evidence.verify import verify_run
from apgms_ops.observation import digest
from tests.evidence.making import Forge

PROCESSES = 4
RUNS = 5


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    """A key, an authority and an empty chain."""
    return Forge(tmp_path)


def test_writers_at_once_lose_nothing(forge: Forge) -> None:
    """Twenty runs sealed by four threads at once each have a place of their own in one unbroken chain."""
    folders = [forge.record() for _ in range(PROCESSES * RUNS)]
    with ThreadPoolExecutor(PROCESSES) as pool:
        list(pool.map(forge.seal, folders))
    entries = list(chain.read(forge.chain))
    assert [entry.seq for entry in entries] == list(range(PROCESSES * RUNS))
    assert {entry.run for entry in entries} == {folder.name for folder in folders}
    for folder in folders:
        assert verify_run(folder, forge.trust).seq is not None


def _appending(path: Path, runs: Path, stop: str) -> None:
    """Append a run; be killed at the given point."""
    with chain.held(path, runs, Deadline(10)) as held:
        run = runs / "20261201T000000.000Z-production-killed"
        run.mkdir(exist_ok=True)
        write = held._write

        def killed(line: bytes) -> None:
            if stop == "after":
                write(line)
            os.kill(os.getpid(), signal.SIGKILL)

        held._write = killed  # type: ignore[method-assign]
        held.append(run, b"{}", digest(b"{}"))


@pytest.mark.parametrize("stop", ["before", "after"])
def test_a_kill_leaves_the_old_state_or_the_new_one(forge: Forge, stop: str) -> None:
    """A writer that is killed before its line is on the disk leaves no run; after it, whoever is next finishes it."""
    forge.run()
    before = forge.chain.read_bytes()
    child = multiprocessing.get_context("fork").Process(target=_appending, args=(forge.chain, forge.runs, stop))
    child.start()
    child.join(20)
    assert child.exitcode == -signal.SIGKILL
    killed = forge.runs / "20261201T000000.000Z-production-killed"
    assert not (killed / dsse.NAME).exists()
    assert (killed / DRAFT).exists()
    with chain.held(forge.chain, forge.runs, Deadline(10)) as held:
        place = held.next
    if stop == "before":
        assert forge.chain.read_bytes() == before
        assert (place.seq, (killed / dsse.NAME).exists()) == (1, False)
    else:
        assert (place.seq, (killed / dsse.NAME).read_bytes()) == (2, b"{}")


def test_a_full_disk_leaves_the_chain_as_it_was(forge: Forge) -> None:
    """Where a line does not fit on the disk, neither it nor a seal is left behind."""
    forge.run()
    # Larger than any file of a run, so that a limit to the size of files meets the chain alone.
    before = forge.chain.read_bytes() * 400
    forge.chain.write_bytes(before)
    folder = forge.record()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with chain.held(forge.chain, forge.runs, Deadline(5)) as held:
            resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, limits[1]))
            with pytest.raises(chain.Unchained, match=r"No space|too large"):
                held.append(folder, b"{}", "ab" * 32)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert forge.chain.read_bytes() == before
    assert not (folder / dsse.NAME).exists()
    assert not (folder / DRAFT).exists()


def test_a_line_that_was_cut_off_is_no_line(forge: Forge) -> None:
    """What a kill left of a line is dropped by the next writer, and ignored by a reader."""
    forge.run()
    with forge.chain.open("ab") as file:
        file.write(b'{"attestation":"12')
    assert len(list(chain.read(forge.chain))) == 1
    forge.run()
    assert verify_chain(forge.runs, forge.chain, forge.trust).runs == 2


def test_a_damaged_chain_takes_nothing_more(forge: Forge) -> None:
    """A chain whose last line is no entry is left as it is; the run is sealed, and says that it has no place."""
    forge.run()
    forge.chain.write_bytes(b"damaged\n")
    proof = verify_run(forge.run(), forge.trust)
    assert proof.seq is None
    assert "nothing is appended to a damaged chain" in proof.unchained
    assert forge.chain.read_bytes() == b"damaged\n"


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts what is done: lines of a chain that are parsed, files that are hashed."""
    done: Counter[str] = Counter()
    parse, file_digest = chain.parse, files.file_digest

    def counted_parse(line: bytes, number: int, name: str = "") -> chain.ChainEntry:
        done["lines"] += 1
        return parse(line, number, name)

    def counted_digest(path: Path) -> str:
        done["files"] += 1
        return file_digest(path)

    monkeypatch.setattr(chain, "parse", counted_parse)
    monkeypatch.setattr(files, "file_digest", counted_digest)
    return done


def test_what_a_run_costs_does_not_grow_with_the_runs_before_it(forge: Forge, work: Counter[str]) -> None:
    """The two hundredth run costs what the second did, and verifying costs the same for each."""
    forge.authority = None
    costs = []
    for _ in range(200):
        folder = forge.record(("PASS",))
        work.clear()
        forge.seal(folder)
        costs.append(dict(work))
    assert costs[1:] == [costs[1]] * 199
    assert costs[1]["lines"] == 1
    work.clear()
    assert verify_chain(forge.runs, forge.chain, forge.trust).runs == 200
    assert work == {"lines": 200, "files": 200 * costs[1]["files"]}
