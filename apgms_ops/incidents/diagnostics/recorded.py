"""What a run of the checks saw, as part of a bundle. It is masked already."""

import shutil
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from apgms_ops.deadline import Deadline
from apgms_ops.evidence.run import RecordedRun
from apgms_ops.incidents.diagnostics.material import Piece
from apgms_ops.redact import printable


def pieces_of_run(run: RecordedRun) -> Iterator[Piece]:
    """Yield the verdicts of a run, its ledger, and every observation."""
    counts = Counter(str(body["verdict"]) for body in run.verdicts.values())
    came_to = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    yield Piece(
        "checks/verdicts.txt", f"the checks, {came_to or 'none judged'}: what each saw", partial(_verdicts, run)
    )
    yield Piece("checks/ledger.jsonl", f"the ledger of run {run.path.name}", partial(_copy, run.path / "ledger.jsonl"))
    for probe, digest in sorted(run.observations.items()):
        path = run.path / "observations" / f"{digest}.json"
        yield Piece(f"checks/observations/{probe}.json", f"what probe {probe} saw", partial(_copy, path))


def _verdicts(run: RecordedRun, file: BinaryIO, _: Deadline) -> None:
    lines = (
        f"{body['verdict']:<8} {printable(check)}\n         {printable(str(body['seen']))}\n"
        for check, body in sorted(run.verdicts.items())
    )
    file.writelines(line.encode() for line in lines)


def _copy(path: Path, file: BinaryIO, _: Deadline) -> None:
    with path.open("rb") as source:
        shutil.copyfileobj(source, file)
