"""`apgms-ops evidence verify`: offline; a proof, or the first bad entry by name."""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from apgms_ops.cli.evidence_trust import add_trust, trust_of
from apgms_ops.cli.report import RUNS, folder_of_runs
from apgms_ops.errors import ConfigurationError, EvidenceInvalid
from apgms_ops.evidence import bundle, daily, statement
from apgms_ops.evidence.folder import NAMED, ChainProof, chains, verify_chain
from apgms_ops.evidence.identity.claims import CLAIMED, REFUSED
from apgms_ops.evidence.trust import Trust
from apgms_ops.evidence.verify import Proof, is_sealed, verify_run
from apgms_ops.redact import printable

EXIT_INVALID = 1
_EPILOG = """It opens no connection. Exit 0: it holds. Exit 1: it does not, and the first bad entry is named.
Removing runs from the very end of a chain, with their lines, leaves a shorter chain that holds: it shows only against a
head that is known from elsewhere (--head), such as the one that a later run printed, or that the store holds."""


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `evidence verify`."""
    text = "verify a run, a folder of runs with their chain, or a bundle"
    parser = commands.add_parser("verify", help=text, description=text, epilog=_EPILOG)
    parser.add_argument("target", metavar="RUN|FOLDER|BUNDLE", help=f"a run's id in {RUNS}, its folder, or the others")
    add_trust(parser)
    parser.add_argument(
        "--chain", metavar="DIR", type=Path, help="folder of the chains (default: chain/ beside the runs)"
    )
    parser.add_argument("--head", metavar="DIGEST", help="a seal that must be in the chain, known from elsewhere")
    parser.add_argument("--json", action="store_true", help="print the proof as JSON")
    parser.set_defaults(run=_verify)


def _verify(arguments: argparse.Namespace) -> int:
    believed = trust_of(arguments)
    if arguments.head is not None and not statement.is_digest(arguments.head):
        msg = "--head: expected the 64 hexadecimal digits of a seal's SHA-256"
        raise ConfigurationError(msg)
    try:
        _report(arguments, believed)
    except EvidenceInvalid as error:
        sys.stdout.write(f"INVALID  {printable(str(error), limit=1000)}\n")
        return EXIT_INVALID
    return 0


def _report(arguments: argparse.Namespace, believed: Trust) -> None:
    target = _target(arguments.target)
    if target.is_file():
        with _opened(target) as part:
            _say_chains(arguments, list(bundle.verify(part, believed, arguments.head)))
    elif (target / "ledger.jsonl").exists() or (target / "attestation.json").exists():
        if arguments.head is not None:
            msg = "--head says where a chain was: give the folder of runs, not one run"
            raise ConfigurationError(msg)
        _say_run(arguments, verify_run(target, believed))
    else:
        folder = arguments.chain or target.resolve().parent / "chain"
        files = list(chains(folder, believed.environment))
        if not files:
            msg = f"there is no chain in {folder}: a folder of runs is verified against it; name it with --chain"
            raise EvidenceInvalid(msg)
        if believed.environment is None:
            _require_chains(target, files)
        _say_chains(arguments, [verify_chain(target, file, believed, arguments.head) for file in files])


def _require_chains(runs: Path, files: list[Path]) -> None:
    """See that no environment's sealed runs are passed over because its chain is gone."""
    chained = {file.parent.name for file in files}
    for folder in sorted(runs.iterdir()):
        environment = daily.environment_of(folder)
        if is_sealed(folder) and environment not in chained:
            msg = f"{folder.name}: sealed, and there is no chain of {environment} that it could have a place in"
            raise EvidenceInvalid(msg)


@contextmanager
def _opened(file: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="apgms-ops-bundle-") as folder:
        bundle.unpack(file, Path(folder))
        yield Path(folder)


def _target(wanted: str) -> Path:
    runs = folder_of_runs(Path.cwd())
    path = runs / wanted if "/" not in wanted and (runs / wanted).is_dir() else Path(wanted)
    if not path.exists():
        msg = f"{printable(wanted, limit=200)}: no run of that name in {runs}, and no such folder or file"
        raise ConfigurationError(msg)
    return path


def _say_run(arguments: argparse.Namespace, proof: Proof) -> None:
    if arguments.json:
        _say(json.dumps(as_json(proof), indent=1))
        return
    counts = " · ".join(f"{number} {verdict}" for verdict, number in sorted(proof.verdicts.items()))
    _say(f"HOLDS    {proof.run} (environment {proof.environment})")
    _say(f"verdicts {counts}: exit {proof.exit_code}")
    _say(f"sealed   {proof.sealed_at.isoformat()} by key {proof.key} ({proof.key_id[:16]}…)")
    _say(_dated(proof))
    _say(_ran_by(proof))
    _say(f"covers   {proof.files} files, {proof.entries} ledger entries, head {proof.head[:16]}…")
    place = f"UNCHAINED: {proof.unchained}" if proof.seq is None else f"run {proof.seq} of {proof.environment}"
    _say(f"chain    {place}; seal {proof.attestation}")
    for name in proof.uncovered:
        _say(f"NOTE     {name} is not covered by the seal, and proves nothing")


def _dated(proof: Proof) -> str:
    if proof.stamp is None:
        return f"UNTIMESTAMPED, the time is only claimed: {proof.undated}"
    return f"dated    {proof.stamp.at.isoformat()} by {proof.stamp.authority}"


def _ran_by(proof: Proof) -> str:
    ran = proof.ran_by
    if ran.state in (CLAIMED, REFUSED):
        return f"ran      {ran.state.upper()}, by {ran.user or 'nobody knows whom'}: {ran.why}"
    told = ran.claims
    job = f"run {told['run_id']} (attempt {told['run_attempt']}, {told['event_name']}) of {told['repository']}"
    workflow = told.get("job_workflow_ref", told["workflow"])
    by = f"{told['actor']}, {workflow}, {job} at {told['sha'][:12]}, {told['ref']}"
    key = f"{ran.issuer}, key {ran.key[:16]}…"
    return f"ran      {ran.state.upper()}, by {by}; {ran.why or 'the token was signed by'} ({key})"


def _say_chains(arguments: argparse.Namespace, proofs: list[ChainProof]) -> None:
    if arguments.json:
        _say(json.dumps([_chain_json(proof) for proof in proofs], indent=1))
        return
    for proof in proofs:
        first, last = proof.first, proof.last
        _say(f"HOLDS    {proof.runs} runs of {proof.environment}, {proof.not_here} of its chain between them not here")
        _say(f"first    {first.run} (run {first.seq}, {first.at.isoformat()})")
        _say(f"last     {last.run} (run {last.seq}, {last.at.isoformat()})")
        _say(_dated(last))
        _say(_ran_by(last))
        _say(f"head     {last.attestation}")
        known = "NOT CHECKED: runs removed from the end do not show without --head, a seal known from elsewhere"
        after = f"{proof.after_head} runs after the head that was given"
        _say(f"end      {known if proof.after_head is None else after}")
        for name in proof.unchained[:NAMED]:
            _say(f"NOTE     {name} is sealed, and has no place in the chain")
        if proof.unsealed:
            _say(f"NOTE     {proof.unsealed} runs in the folder are UNSEALED, and no evidence")


def as_json(proof: Proof) -> dict[str, Any]:
    """Return a proof as JSON."""
    return {
        "run": proof.run,
        "environment": proof.environment,
        "key": {"name": proof.key, "id": proof.key_id},
        "sealed_at": proof.sealed_at.isoformat(),
        "dated_at": None if proof.stamp is None else proof.stamp.at.isoformat(),
        "authority": None if proof.stamp is None else proof.stamp.authority,
        "undated": proof.undated or None,
        "chain": {"seq": proof.seq, "previous": proof.previous, "unchained": proof.unchained or None},
        "seal": proof.attestation,
        "ledger_head": proof.head,
        "entries": proof.entries,
        "files": proof.files,
        "uncovered": list(proof.uncovered),
        "ran_by": {
            "state": proof.ran_by.state,
            "why": proof.ran_by.why or None,
            "user": proof.ran_by.user or None,
            "issuer": proof.ran_by.issuer or None,
            "issuer_key": proof.ran_by.key or None,
            "claims": dict(proof.ran_by.claims) or None,
        },
        "verdicts": dict(proof.verdicts),
        "exit": proof.exit_code,
    }


def _chain_json(proof: ChainProof) -> dict[str, Any]:
    return {
        "environment": proof.environment,
        "runs": proof.runs,
        "not_here": proof.not_here,
        "first": as_json(proof.first),
        "last": as_json(proof.last),
        "after_head": proof.after_head,
        "unchained": list(proof.unchained),
        "unsealed": proof.unsealed,
    }


def _say(line: str) -> None:
    label, _, text = line.partition(" ")
    sys.stdout.write(f"{line}\n" if line.startswith(("{", "[")) else f"{label:<8} {printable(text, limit=4000)}\n")
