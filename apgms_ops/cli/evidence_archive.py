"""`apgms-ops evidence push|pull`: sealed runs into the bucket that keeps them, and back."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from apgms_ops.cli import asking, report
from apgms_ops.cli.evidence_trust import environment_file
from apgms_ops.environment.evidence import Archive
from apgms_ops.environment.loading import load, read_secrets, secrets_of
from apgms_ops.environment.model import Environment
from apgms_ops.errors import ConfigurationError, EvidenceInvalid, SecretUnreadable
from apgms_ops.estate import Estate
from apgms_ops.evidence import trust
from apgms_ops.evidence.pulling import Puller
from apgms_ops.evidence.pushing import Archiver
from apgms_ops.evidence.verify import Proof, is_sealed
from apgms_ops.observation import Recorder
from apgms_ops.redact import Redactor, printable
from apgms_ops.secret import Secret, SecretReference

EXIT_INCOMPLETE = 1
_PULLED = Path("reports") / "archive"


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `evidence push` and `evidence pull`."""
    text = (
        "store sealed runs in the environment's bucket, locked; each is verified and looked through for secrets first"
    )
    push = commands.add_parser("push", help=text, description=f"{text}. Exit 1: one was not stored, and is named.")
    push.add_argument("runs", metavar="RUN", nargs="*", help="which (default: every sealed run that is not there yet)")
    _common(push)
    push.add_argument("--dry-run", action="store_true", help="verify and look through, show what would be stored")
    push.add_argument("--yes", action="store_true", help="do not ask")
    push.set_defaults(run=_push)
    text = "get the runs of an environment back from its bucket, and verify each"
    pull = commands.add_parser("pull", help=text, description=f"{text}. Exit 1: some are missing, and are named.")
    pull.add_argument("runs", metavar="RUN", nargs="*", help="which (default: all)")
    _common(pull)
    pull.add_argument("--to", metavar="DIR", type=Path, default=_PULLED, help=f"where to (default: {_PULLED})")
    pull.set_defaults(run=_pull)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--env", metavar="NAME", required=True, help="whose; its [archive] names the bucket")
    parser.add_argument("--environments", metavar="DIR", help="folder of environment files")


def _push(arguments: argparse.Namespace) -> int:
    environment, section, file = _environment(arguments)
    secrets = read_secrets(secrets_of(environment, ["archive"]), os.environ)
    redact = Redactor([*secrets.values(), *_readable(environment)])
    store = Estate(environment, secrets, Recorder(redact)).archive
    archiver = Archiver(store, section, environment.name, redact)
    believed = trust.of_environment(environment, file.parent)
    there = archiver.there()
    folders = [folder for folder in _folders(arguments, environment.name) if folder.name not in there]
    _say(f"{store.source}/{section.prefix}/{environment.name}: {len(there)} runs are there, {len(folders)} are to come")
    if not folders:
        return 0
    archiver.require_locking()
    good, bad = _examined(archiver, folders, believed)
    size = sum(path.stat().st_size for folder, _ in good for path in folder.rglob("*") if path.is_file())
    retention = f"each locked until {section.retention.value.days} days after it was sealed"
    what = f"stores {len(good)} runs in {store.source}, {retention}"
    if good and asking.agreed(arguments, what, (f"{len(good)} objects, {size / 1e6:.1f} MB before compression",)):
        for number, (folder, proof) in enumerate(good, 1):
            try:
                stored = archiver.push(folder, proof)
            except EvidenceInvalid as error:
                bad += 1
                _say(f"NOT STORED: {error}")
                continue
            _say(f"stored {number} of {len(good)}: {folder.name} ({stored / 1e6:.1f} MB)")
        newest = max((proof for _, proof in good), key=lambda proof: -1 if proof.seq is None else proof.seq)
        _say(f"head {newest.attestation}  {newest.run}")
    return EXIT_INCOMPLETE if bad else 0


def _examined(
    archiver: Archiver, folders: Sequence[Path], believed: trust.Trust
) -> tuple[list[tuple[Path, Proof]], int]:
    good: list[tuple[Path, Proof]] = []
    for number, folder in enumerate(folders, 1):
        try:
            good.append((folder, archiver.examined(folder, believed)))
            _say(f"looked through {number} of {len(folders)}: {folder.name}")
        except EvidenceInvalid as error:
            _say(f"NOT STORED: {error}")
    # In the order of the chain: what is broken off leaves no gap.
    good.sort(key=lambda pair: (-1 if pair[1].seq is None else pair[1].seq, pair[1].run))
    return good, len(folders) - len(good)


def _folders(arguments: argparse.Namespace, environment: str) -> list[Path]:
    if arguments.runs:
        return sorted({report.find(wanted, Path.cwd()).path.resolve(): None for wanted in arguments.runs})
    runs = report.folder_of_runs(Path.cwd())
    return sorted(folder.resolve() for folder in runs.glob(f"*-{environment}-*") if is_sealed(folder))


def _pull(arguments: argparse.Namespace) -> int:
    environment, section, file = _environment(arguments)
    secrets = read_secrets(secrets_of(environment, ["archive"]), os.environ)
    redact = Redactor(secrets.values())
    store = Estate(environment, secrets, Recorder(redact)).archive
    there = Archiver(store, section, environment.name, redact).there()
    missing = sorted(set(arguments.runs) - set(there))
    wanted = {run: key for run, key in there.items() if not arguments.runs or run in arguments.runs}
    believed = trust.of_environment(environment, file.parent)
    target = arguments.to / environment.name
    target.mkdir(parents=True, exist_ok=True)
    puller = Puller(store, target, believed)
    proofs: list[Proof] = []
    bad = [f"MISSING: {run}: not stored" for run in missing]
    for number, (run, key) in enumerate(sorted(wanted.items(), key=lambda item: item[1]), 1):
        try:
            proof, got = puller.pull(run, key)
        except EvidenceInvalid as error:
            bad.append(f"INVALID: {error}")
            continue
        proofs.append(proof)
        _say(f"{'got' if got else 'is here'} {number} of {len(wanted)}, verified: {run}")
    gaps = puller.write_chain(environment.name, proofs)
    if not arguments.runs:
        bad += [f"MISSING: places {first} to {last} of the chain are not stored" for first, last in gaps]
    for line in bad:
        _say(line)
    _say(f"{target}: {len(proofs)} runs of {environment.name}, each verified")
    if not proofs and not bad:
        _say("nothing is stored")
    return EXIT_INCOMPLETE if bad or not proofs else 0


def _environment(arguments: argparse.Namespace) -> tuple[Environment, Archive, Path]:
    file = environment_file(arguments.env, arguments.environments)
    environment = load(file)
    if not isinstance(environment.archive, Archive):
        msg = f"{file}: has no [archive]: it names no bucket that keeps the runs of {environment.name}"
        raise ConfigurationError(msg)
    return environment, environment.archive, file


def _readable(environment: Environment) -> Iterator[Secret]:
    """Yield the environment's secrets as far as this machine has them: a run may hold one by accident."""
    references: Sequence[SecretReference] = secrets_of(environment)
    for reference in references:
        try:
            yield reference.read(os.environ)
        except SecretUnreadable:
            continue


def _say(text: str) -> None:
    sys.stdout.write(f"{printable(text, limit=2000)}\n")
    sys.stdout.flush()
