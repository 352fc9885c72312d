"""A gate on the terminal: a line a round, and what to do at its end. Pure."""

from collections.abc import Iterator

from apgms_ops.redact import printable
from apgms_ops.reports.gate.model import Advice, GateResult, Round

_LIMIT = 2000


def round_line(told: Round) -> str:
    """Return one harmless line on a round."""
    evidence = f" | evidence {told.folder}, ledger head {told.head[:16]}" if told.run else ""
    return _line(f"gate: round {told.number}: {told.decision} | {told.tally} | {told.took:.1f} s{evidence}")


def findings(told: Round) -> Iterator[str]:
    """Yield a line for each reason why a round is not to be believed."""
    yield from (_line(f"gate: {sentence}") for sentence in told.findings)


def ending(result: GateResult) -> Iterator[str]:
    """Yield the verdict, and what to do."""
    if result.advice is not None:
        yield from _advice(result.advice)
    rounds = len(result.rounds)
    soak = f" after {rounds} round{'' if rounds == 1 else 's'} (soak {result.soak})" if result.soak else ""
    stopped = ", interrupted" if result.interrupted else ""
    yield from (_line(f"gate: WAIVED: {check.promise} | {check.seen} | {check.id}") for check in result.waived)
    yield _line(f"gate: {result.environment} {result.release}: {result.decision}{soak}{stopped} (exit {result.code})")


def _advice(advice: Advice) -> Iterator[str]:
    yield ""
    yield _line(advice.title)
    yield from (_line(f"- {sentence}") for sentence in advice.sentences)
    if advice.commands:
        yield ""
        yield from (f"    {_line(command)}" for command in advice.commands)
    yield ""


def _line(text: str) -> str:
    return printable(text, limit=_LIMIT)
