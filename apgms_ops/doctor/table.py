"""An examination as lines for the terminal: a table, and under it what to do about each cross. Pure."""

from collections.abc import Iterator, Sequence

from apgms_ops.doctor.findings import Aspect, Diagnosis
from apgms_ops.verdict import Verdict

_GAP = "  "


def lines(diagnoses: Sequence[Diagnosis], absent: Sequence[tuple[str, str]] = ()) -> Iterator[str]:
    """Yield the table.

    Args:
        diagnoses: The targets that were examined.
        absent: Sections that the environment declares absent, each with its reason.
    """
    head = ["target", *(aspect.value for aspect in Aspect), "address"]
    rows = [
        [diagnosis.target, *(diagnosis.findings[aspect].said for aspect in Aspect), diagnosis.where]
        for diagnosis in diagnoses
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        yield _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield from (f"{section}: absent: {reason}" for section, reason in absent)
    remedies = [
        (diagnosis.target, aspect, finding)
        for diagnosis in diagnoses
        for aspect, finding in diagnosis.findings.items()
        if finding.remedy
    ]
    if remedies:
        yield ""
    for target, aspect, finding in remedies:
        word = "note" if finding.verdict is Verdict.PASS else str(finding.verdict)
        yield f"{word:<8}{target}, {aspect}: {finding.remedy}"
