"""`apgms-ops evidence oscal`: a run as OSCAL assessment results, for the tools of an assessor."""

import argparse
import os
import sys
from pathlib import Path

from apgms_ops.cli import report
from apgms_ops.cli.evidence_trust import add_trust, environment_file, trust_of
from apgms_ops.environment.loading import load
from apgms_ops.errors import ConfigurationError, EvidenceInvalid
from apgms_ops.evidence import oscal
from apgms_ops.evidence.oscal_form import encoded
from apgms_ops.evidence.run import read_run
from apgms_ops.evidence.verify import Proof, is_sealed, verify_run
from apgms_ops.redact import printable

EXIT_INVALID = 1
_EPILOG = f"""It opens no connection, and the same run gives the same bytes. Its links begin in a folder beside that of
the runs, such as reports/{oscal.FOLDER}. Exit 0: it is written, whatever the checks came to. Exit 1: the run does not
verify, or is not sealed, and nothing is written."""


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `evidence oscal`."""
    text = f"verify a run and write it as OSCAL {oscal.VERSION} assessment results"
    parser = commands.add_parser("oscal", help=text, description=f"{text}.", epilog=_EPILOG)
    parser.add_argument("wanted", metavar="RUN", help=f"its id in {report.RUNS}, or its folder")
    place = f"where to (default: reports/{oscal.FOLDER}/<run>.json)"
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help=place)
    add_trust(parser)
    anyway = "take a run that is not sealed as well; the document then says that it is no evidence"
    parser.add_argument("--unsealed", action="store_true", help=anyway)
    parser.set_defaults(run=_oscal)


def _oscal(arguments: argparse.Namespace) -> int:
    folder = report.folder_of(arguments.wanted, Path.cwd())
    place: Path = arguments.output or folder.parent.parent / oscal.FOLDER / f"{folder.name}.json"
    _require_place(place, folder)
    try:
        proof = _verified(arguments, folder)
        document = oscal.assessment_results(folder, proof)
    except EvidenceInvalid as error:
        sys.stdout.write(f"INVALID  {printable(str(error), limit=1000)}\n")
        return EXIT_INVALID
    written = _write(place, encoded(document))
    (result,) = document["assessment-results"]["results"]
    states = [finding["target"]["status"]["state"] for finding in result["findings"]]
    seal = "UNSEALED, and no evidence" if proof is None else "its seal verifies"
    checks = len(result.get("observations", ()))
    counts = f"{checks} checks, {len(states)} controls, {states.count('satisfied')} of them satisfied"
    sys.stdout.write(f"{printable(os.path.relpath(place))}: {counts}; {seal}{'' if written else '; unchanged'}\n")
    return 0


def _verified(arguments: argparse.Namespace, folder: Path) -> Proof | None:
    """Return what verifying the seal gave; None for a run that is not sealed, where that is allowed."""
    if is_sealed(folder):
        return verify_run(folder, trust_of(arguments))
    if not arguments.unsealed or arguments.require_timestamp:
        msg = f"{folder.name}: the run is UNSEALED, and no evidence; --unsealed writes a document that says so"
        raise EvidenceInvalid(msg)
    if arguments.env is not None:
        wanted = load(environment_file(arguments.env, arguments.environments)).name
        environment = read_run(folder).environment
        if environment != wanted:
            msg = f"{folder.name}: a run of environment {environment}, not of {wanted}"
            raise EvidenceInvalid(msg)
    return None


def _require_place(place: Path, folder: Path) -> None:
    if place.is_dir():
        msg = f"--output {place}: this is a folder; name the file to write"
        raise ConfigurationError(msg)
    if place.resolve().is_relative_to(folder):
        msg = f"--output {place}: within the run, whose seal would not hold any more"
        raise ConfigurationError(msg)


def _write(place: Path, data: bytes) -> bool:
    """Write the document, or find it there; return whether it was written.

    Raises:
        ConfigurationError: Another file is there, or it cannot be written.
    """
    # Beside its place and then moved: whoever opens it meanwhile never sees half of it.
    draft = place.with_name(f".{place.name}.{os.getpid()}.draft")
    try:
        if place.exists():
            if place.read_bytes() == data:
                return False
            msg = f"{place}: there is another document; remove it first, or name another file with --output"
            raise ConfigurationError(msg)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_bytes(data)
            draft.replace(place)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        msg = f"{place}: cannot be written: {error.strerror or error}"
        raise ConfigurationError(msg) from error
    return True
