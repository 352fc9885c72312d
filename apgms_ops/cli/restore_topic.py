"""`apgms-ops restore-topic`: restores a topic from its snapshot, beside the live one, by a Job in the cluster.

Exit 0: every record is there; 1: the restore failed; 10: how it ended is not known; 4: it was refused.
"""

import argparse
import sys

from apgms_ops.cli import acting, topic_session
from apgms_ops.cli.asking import say
from apgms_ops.drills.topic_choice import moment
from apgms_ops.drills.topic_restore import Plan, Wanted
from apgms_ops.errors import ApgmsOpsError, Unobserved
from apgms_ops.redact import printable
from apgms_ops.verdict import Verdict, exit_code


class RestoreFailed(ApgmsOpsError):
    """The Job ended, and not well; the text is what it said last."""


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `restore-topic` to the command line."""
    text = "restore a topic from its snapshot, beside the live one"
    parser = commands.add_parser("restore-topic", help=text, description=__doc__)
    parser.add_argument("--target", metavar="TOPIC", help="the topic to restore into (default TOPIC.restored-EPOCH)")
    text = "the target is live, and its name is repeated here: what is restored is handled a second time"
    parser.add_argument("--into-live", metavar="TOPIC", help=text)
    text = "set the offsets of the topic's groups in the target, each to the record at which it stood"
    parser.add_argument("--offsets", action="store_true", help=text)
    topic_session.register(parser, _restore)


def _carry_out(session: topic_session.Session, plan: Plan) -> None:
    """Restore it.

    Raises:
        RestoreFailed: The Job says that it could not.
        Unobserved: How it ended is not known.
    """
    ended = session.restore.carry_out(plan, session.deadline)
    if not ended.succeeded:
        raise RestoreFailed(ended.last)


def _restore(arguments: argparse.Namespace) -> int:
    at = moment(arguments.timestamp)
    session = topic_session.opened(arguments)
    wanted = Wanted(arguments.topic, at, arguments.target, arguments.into_live, arguments.offsets)
    try:
        plan = session.restore.plan(wanted, session.deadline)
        does = f"restores {arguments.topic} as of {plan.taken} into {plan.target} in {session.restore.environment.name}"
        action = session.action(f"restore-topic {arguments.topic}", does, plan)
        if not acting.agreed(arguments, action):
            return 0
        with acting.recorded(arguments, action):
            _carry_out(session, plan)
    except RestoreFailed as error:
        say(f"NOT restored: {session.recorder.redact(str(error))}")
        return exit_code([Verdict.FAIL])
    except Unobserved as error:
        sys.stderr.write(f"apgms-ops: {printable(session.recorder.redact(str(error)), limit=1000)}\n")
        return exit_code([Verdict.UNKNOWN])
    say(f"{plan.records} records of {len(plan.manifest.parts)} partitions are in {plan.target}")
    return 0
