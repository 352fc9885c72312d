"""`apgms-ops evidence bundle`: one file for an auditor, with a page on how to verify it."""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

from apgms_ops.cli import report
from apgms_ops.cli.evidence_trust import environment_file
from apgms_ops.environment.evidence import Evidence
from apgms_ops.environment.loading import load
from apgms_ops.environment.model import Environment
from apgms_ops.errors import ConfigurationError, EvidenceInvalid
from apgms_ops.evidence import bundle, chain, oscal, trust
from apgms_ops.evidence.chain import ChainEntry
from apgms_ops.evidence.files import file_digest
from apgms_ops.evidence.verify import Proof, is_sealed, verify_run
from apgms_ops.observation import digest
from apgms_ops.redact import printable

ISSUER_KEYS = "identity-issuer.jwks.json"
"""The keys of who vouches for who ran the runs."""


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `evidence bundle`."""
    text = "put runs, their part of the chain, keys, certificates and a page on how to verify them into one file"
    parser = commands.add_parser("bundle", help=text, description=text)
    parser.add_argument("runs", metavar="RUN", nargs="*", help=f"a run's id in {report.RUNS}, or its folder")
    parser.add_argument("--all", action="store_true", help="every sealed run of the environment")
    parser.add_argument("--env", metavar="NAME", required=True, help="whose runs they are; its file names the keys")
    parser.add_argument("--environments", metavar="DIR", help="folder of environment files")
    parser.add_argument("--chain", metavar="DIR", type=Path, help="folder of the chains")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="the bundle, such as q3.zip")
    parser.set_defaults(run=_bundle)


def _bundle(arguments: argparse.Namespace) -> int:
    file = environment_file(arguments.env, arguments.environments)
    environment = load(file)
    believed = trust.of_environment(environment, file.parent)
    folders = _folders(arguments, environment.name)
    if arguments.output.is_dir():
        msg = f"--output {arguments.output}: this is a folder; name the file to write"
        raise ConfigurationError(msg)
    # What does not verify is not handed on.
    proofs = [verify_run(folder, believed) for folder in folders]
    # In the order of the chain: of two runs at once, the one that began last may have been sealed first.
    proofs.sort(key=lambda proof: (-1 if proof.seq is None else proof.seq, proof.run))
    parts = _parts(arguments, environment, folders[0].parent, proofs)
    drawings = folders[0].parent.parent / "html"
    beside = _beside(environment, file.parent, drawings, proofs)
    proven = {proof.run: proof for proof in proofs}
    count = bundle.write(arguments.output, folders, parts, beside, lambda run: oscal.of_proven(run, proven[run.name]))
    size = arguments.output.stat().st_size / 1_000_000
    sys.stdout.write(
        f"{printable(str(arguments.output))}: {len(folders)} runs of {environment.name}, {count} files, {size:.1f} MB\n"
        f"sha256 {file_digest(arguments.output)}: tell the auditor by another way than the file goes\n"
    )
    return 0


def _folders(arguments: argparse.Namespace, environment: str) -> list[Path]:
    if arguments.all == bool(arguments.runs):
        msg = "name the runs, or say --all"
        raise ConfigurationError(msg)
    if not arguments.all:
        found = {report.find(wanted, Path.cwd()).path.resolve(): None for wanted in arguments.runs}
        return sorted(found)
    runs = report.folder_of_runs(Path.cwd())
    folders = sorted(f for f in runs.glob(f"*-{environment}-*") if is_sealed(f))
    if not folders:
        msg = f"there is no sealed run of {environment} in {runs}"
        raise ConfigurationError(msg)
    return [folder.resolve() for folder in folders]


def _parts(
    arguments: argparse.Namespace, environment: Environment, runs: Path, proofs: Sequence[Proof]
) -> dict[str, Iterator[ChainEntry]]:
    places = [proof.seq for proof in proofs if proof.seq is not None]
    if not places:
        return {}
    evidence = environment.evidence
    declared = evidence.chain if isinstance(evidence, Evidence) else None
    root = runs.parents[1]
    folder = arguments.chain or chain.folder_of(declared, runs, root)
    path = chain.path_of(folder, environment.name)
    if not path.is_file():
        msg = f"{path}: the chain that the runs belong to is not there; name its folder with --chain"
        raise EvidenceInvalid(msg)
    first, last = min(places), max(places)
    return {environment.name: (entry for entry in chain.read(path) if first <= entry.seq <= last)}


def _beside(environment: Environment, folder: Path, reports: Path, proofs: Sequence[Proof]) -> dict[str, bytes]:
    evidence = environment.evidence
    found: dict[str, bytes] = {}
    if isinstance(evidence, Evidence):
        for key in trust.declared_keys(evidence, folder):
            found[f"{bundle.TRUST}/{key.name}.pub.pem"] = key.public.pem.encode("ascii")
        if evidence.identity is not None and evidence.identity.keys_file is not None:
            found[f"{bundle.TRUST}/{ISSUER_KEYS}"] = (folder / evidence.identity.keys_file).read_bytes()
        if evidence.timestamp is not None:
            found[f"{bundle.TRUST}/timestamp-authority.pem"] = (folder / evidence.timestamp.ca_file).read_bytes()
    for proof in proofs:
        drawn = reports / f"{proof.run}.html"
        if drawn.is_file() and not drawn.is_symlink():
            found[f"report/{drawn.name}"] = drawn.read_bytes()
    counts: dict[str, int] = defaultdict(int)
    for proof in proofs:
        for verdict, number in proof.verdicts.items():
            counts[verdict] += number
    page = files("apgms_ops.evidence").joinpath("verify.md").read_text(encoding="utf-8")
    found[bundle.PAGE] = page.format(
        environment=environment.name,
        runs=len(proofs),
        first=proofs[0].run,
        last=proofs[-1].run,
        head=proofs[-1].attestation,
        verdicts=" · ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items())),
        keys="\n".join(
            f"- `{name}` sha256 `{digest(data)}`"
            for name, data in sorted(found.items())
            if name.startswith(bundle.TRUST)
        ),
    ).encode()
    return found
