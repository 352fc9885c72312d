"""One file for an auditor: runs, the part of their chain, keys, the report, OSCAL, and how to verify it all.

A zip archive, the same bytes for the same content. What it holds is believed no more than a folder is: the keys in it
are what its sender says. It is unpacked only after every name, kind and size in it was found harmless.
"""

import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Final

from apgms_ops.errors import ConfigurationError, EvidenceInvalid
from apgms_ops.evidence import chain, oscal
from apgms_ops.evidence.chain import ChainEntry
from apgms_ops.evidence.files import listed, require_safe, shown
from apgms_ops.evidence.folder import ChainProof, Walk, chains
from apgms_ops.evidence.trust import Trust
from apgms_ops.evidence.verify import Proof, verify_run

RUNS: Final = "runs"
CHAIN: Final = "chain"
TRUST: Final = "trust"
PAGE: Final = "VERIFY.md"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The oldest time that a zip archive can hold: it says nothing."""
LARGEST: Final = 8 * 1024**3
"""Bytes of all of it, unpacked."""
_MANY: Final = 2_000_000
_RATIO: Final = 200
"""Times that a file may grow when it is unpacked, beyond the first megabyte: JSON gets nowhere near it."""
_SMALL: Final = 1 << 20
_CHUNK: Final = 1 << 20
_UNIX: Final = 3
_ENCRYPTED: Final = 0x1


def write(
    file: Path,
    runs: Iterable[Path],
    parts: Mapping[str, Iterable[ChainEntry]],
    beside: Mapping[str, bytes],
    document: Callable[[Path], bytes] | None = None,
) -> int:
    """Write a bundle; there is none, or the old one, until it is whole.

    Args:
        file: Where to.
        runs: The folders of the runs.
        parts: Environment → the part of its chain from the first to the last of them.
        beside: Name → content of what else goes in: the page, keys, certificates.
        document: Makes the OSCAL document of a run, one at a time; None: none goes in.

    Returns:
        How many files it holds.

    Raises:
        EvidenceInvalid: A run holds something that cannot go in.
        OSError: It cannot be written.
    """
    temporary = file.with_name(f".{file.name}.writing")
    count = 0
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for name, data in sorted(beside.items()):
                with archive.open(_info(name), "w") as out:
                    out.write(data)
                count += 1
            for environment, entries in sorted(parts.items()):
                with archive.open(_info(f"{CHAIN}/{environment}/{chain.FILE}"), "w") as out:
                    for entry in entries:
                        out.write(entry.line())
                count += 1
            for run in sorted(runs):
                if document is not None:
                    with archive.open(_info(f"{oscal.FOLDER}/{run.name}.json"), "w") as out:
                        out.write(document(run))
                    count += 1
                for name, _ in listed(run):
                    with (
                        (run / name).open("rb") as source,
                        archive.open(_info(f"{RUNS}/{run.name}/{name}"), "w") as out,
                    ):
                        _copy(source, out, None)
                    count += 1
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
    return count


def _info(name: str) -> zipfile.ZipInfo:
    require_safe(name)
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = _UNIX
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    return info


def unpack(file: Path, folder: Path) -> None:
    """Unpack a bundle into an empty folder.

    Raises:
        ConfigurationError: It is no zip archive.
        EvidenceInvalid: Something in it would leave the folder, stands twice, is no plain file, or is too large.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _require_harmless(members)
            for info in members:
                target = folder / info.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(info) as source, target.open("xb") as out:
                    _copy(source, out, info.file_size)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as error:
        msg = f"{file}: no bundle: {error}"
        raise ConfigurationError(msg) from error
    except OSError as error:
        msg = f"{file}: cannot be unpacked: {error.strerror or error}"
        raise EvidenceInvalid(msg) from error


def _require_harmless(members: list[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    total = 0
    if len(members) > _MANY:
        msg = f"the bundle holds {len(members)} files, which is too many"
        raise EvidenceInvalid(msg)
    for info in members:
        # The archive's own word: `filename` has lost what follows a zero byte.
        require_safe(info.orig_filename)
        name = info.filename
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or info.flag_bits & _ENCRYPTED:
            msg = f"{shown(name)}: not a plain file, in a bundle of plain files"
            raise EvidenceInvalid(msg)
        if name.casefold() in seen:
            msg = f"{shown(name)}: stands in the bundle twice"
            raise EvidenceInvalid(msg)
        seen.add(name.casefold())
        total += info.file_size
        if total > LARGEST or info.file_size > max(_SMALL, _RATIO * info.compress_size):
            msg = f"{shown(name)}: grows to {info.file_size} bytes when it is unpacked, which no evidence does"
            raise EvidenceInvalid(msg)


def _copy(source: IO[bytes], out: IO[bytes], size: int | None) -> None:
    left = size
    while chunk := source.read(_CHUNK):
        if left is not None:
            left -= len(chunk)
            if left < 0:
                msg = "the bundle holds more than it says"
                raise EvidenceInvalid(msg)
        out.write(chunk)


def verify(folder: Path, trust: Trust, head: str | None = None) -> Iterator[ChainProof]:
    """Verify an unpacked bundle: every run in it, their places in the part of the chain that came along, their OSCAL.

    A document is believed for nothing: it must be, byte for byte, what its run gives now.

    Raises:
        EvidenceInvalid: The text names the first bad entry.
    """
    runs = folder / RUNS
    left = {run.name for run in runs.iterdir()} if runs.is_dir() else set()
    if not left:
        msg = "the bundle holds no run"
        raise EvidenceInvalid(msg)
    _require_documents_of(folder, left)
    for file in chains(folder / CHAIN, None):
        walk = Walk(file.parent.name, head, whole=False)
        for entry in chain.read(file):
            here = entry.run in left
            walk.step(entry, _verified(folder, entry.run, trust) if here else None)
            left.discard(entry.run)
        yield walk.end()
    for name in sorted(left):
        proof = _verified(folder, name, trust)
        if proof.seq is not None:
            msg = f"{shown(name)}: its seal says that it is run {proof.seq} of a chain, which did not come along"
            raise EvidenceInvalid(msg)
        yield ChainProof(proof.environment, 1, proof, proof, 0, None, (proof.run,), 0)


def _require_documents_of(folder: Path, runs: set[str]) -> None:
    """See that every document is of a run that is here: one of another run could not be held to anything."""
    documents = folder / oscal.FOLDER
    if not documents.exists():
        return
    for name, _ in listed(documents):
        if name.removesuffix(".json") not in runs or not name.endswith(".json"):
            msg = f"{oscal.FOLDER}/{shown(name)}: the document of no run that is in the bundle"
            raise EvidenceInvalid(msg)


def _verified(folder: Path, run: str, trust: Trust) -> Proof:
    proof = verify_run(folder / RUNS / run, trust)
    file = folder / oscal.FOLDER / f"{run}.json"
    if file.exists() and file.read_bytes() != oscal.of_proven(folder / RUNS / run, proof):
        msg = (
            f"{oscal.FOLDER}/{shown(file.name)}: not what the run says, though the run itself holds: it was altered, "
            "or another version of apgms-ops wrote it; `apgms-ops evidence oscal` writes it anew"
        )
        raise EvidenceInvalid(msg)
    return proof
