"""`apgms-ops drill restore-topic`: rehearses the restore of a topic, and records what came of it as evidence.

Into a scratch topic, through the same Job as a restore; compared with the snapshot record by record, with the offsets
of its groups; and removed again. Exit 0: all was as it must be; 1: it was not; 10: it could not be found out.
"""

import argparse
import sys

from apgms_ops.cli import acting, topic_session
from apgms_ops.cli.asking import say
from apgms_ops.deadline import Deadline
from apgms_ops.drills.recording import prepare
from apgms_ops.drills.topic import Drilled, TopicDrill
from apgms_ops.drills.topic_choice import moment
from apgms_ops.errors import Unobserved
from apgms_ops.redact import printable
from apgms_ops.verdict import Verdict, exit_code

_RECORDING = 60.0
"""Seconds for keeping the record, whatever is left of the deadline."""


def register(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `restore-topic` to the drills."""
    text = "rehearse the restore of a topic into a scratch topic"
    parser = actions.add_parser("restore-topic", help=text, description=__doc__)
    topic_session.register(parser, _drill)


def _drill(arguments: argparse.Namespace) -> int:
    at = moment(arguments.timestamp)
    session = topic_session.opened(arguments, "archive")
    restore, redact = session.restore, session.recorder.redact
    recording = prepare(restore.environment, session.folder, restore.estate.archive, redact)
    drill = TopicDrill(restore, acting.by())
    try:
        plan = drill.plan(arguments.topic, at, session.deadline)
        more = (
            "compare it with the snapshot, record by record, and the offsets of its groups",
            f"delete {', '.join((f'topic {plan.target}', *(f'group {group}' for group in drill.groups(plan))))}",
            f"keep what came of it, signed, in {restore.estate.archive.source}",
        )
        does = f"rehearses the restore of {arguments.topic} as of {plan.taken} in {restore.environment.name}"
        action = session.action(f"drill restore-topic {arguments.topic}", does, plan, more)
        if not acting.agreed(arguments, action):
            return 0
        with acting.recorded(arguments, action):
            drilled = drill.carry_out(plan, session.deadline)
            key = recording.keep(drilled.rehearsal, Deadline(_RECORDING))
    except Unobserved as error:
        sys.stderr.write(f"apgms-ops: {printable(redact(str(error)), limit=1000)}\n")
        return exit_code([Verdict.UNKNOWN])
    _show(drilled, redact(f"{restore.estate.archive.source}/{key}"))
    return exit_code([Verdict.PASS if drilled.rehearsal.passed else Verdict.FAIL])


def _show(drilled: Drilled, where: str) -> None:
    """Print what came of it."""
    lines = ["partition   in the snapshot   restored   the same"] if drilled.rows else []
    lines += [
        f"{row.partition:>9} {row.expected:>17} {row.found:>10}   {'yes' if row.same else 'NO'}" for row in drilled.rows
    ]
    lines += [f"{name:<14}{printable(value, limit=200)}" for name, value in drilled.rehearsal.figures.items()]
    sys.stdout.write("".join(f"  {line}\n" for line in lines))
    for problem in drilled.rehearsal.problems:
        say(f"NOT AS IT MUST BE: {problem}")
    say(f"the drill {'passed' if drilled.rehearsal.passed else 'FAILED'}; recorded as {where}")
