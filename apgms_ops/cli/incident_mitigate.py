"""`apgms-ops incident mitigate PLAYBOOK`: applies a playbook, and verifies that it worked.

Exit 0: it was done, and verified; 1: it was refused, failed, or is not what was promised; 10: that is not known;
4: it was not asked for as it must be.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from apgms_ops.cli import acting
from apgms_ops.cli.asking import say, seconds
from apgms_ops.cli.evidence_trust import environment_file
from apgms_ops.cli.incident_session import time_of
from apgms_ops.clients.terraform import Plan, Terraform
from apgms_ops.deadline import Deadline
from apgms_ops.environment.failover import Failover
from apgms_ops.environment.loading import load, read_secrets
from apgms_ops.environment.model import Environment
from apgms_ops.environment.types import Absent
from apgms_ops.errors import ConfigurationError, Unobserved
from apgms_ops.incidents.playbooks import Playbook, Refused, Runner, packaged
from apgms_ops.incidents.playbooks import load as load_playbook
from apgms_ops.incidents.playbooks.conditions import Servers
from apgms_ops.incidents.playbooks.running import seen
from apgms_ops.redact import Redactor, printable
from apgms_ops.verdict import Verdict, exit_code

_LIMIT = "30m"
_SERVICES = "the services' address"
_PLAYBOOKS = ("failover-database",)


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `mitigate` to `incident`."""
    text = "apply a playbook, and verify that it worked"
    parser = verbs.add_parser("mitigate", help=text, description=__doc__)
    parser.add_argument("playbook", choices=_PLAYBOOKS, help="which")
    parser.add_argument("--env", metavar="NAME", required=True, help="a name of `env list`, or the path of a file")
    parser.add_argument("--environments", metavar="DIR", help="folder of environment files")
    parser.add_argument("--deadline", metavar="DURATION", default=_LIMIT, help=f"for all of it (default {_LIMIT})")
    text = "when the primary was lost, with its zone, where it does not answer: the replica's lag is measured from then"
    parser.add_argument("--lost-at", metavar="TIME", help=text)
    acting.register(parser)
    parser.set_defaults(run=_mitigate)


def _mitigate(arguments: argparse.Namespace) -> int:
    deadline = Deadline(seconds("--deadline", arguments.deadline))
    lost_at = time_of("--lost-at", arguments.lost_at) if arguments.lost_at else None
    file = environment_file(arguments.env, arguments.environments)
    environment = load(file)
    section = _section(environment)
    playbook = _playbook(arguments.playbook, section, file.parent)
    redact = Redactor(read_secrets((section.primary, section.replica, section.services), os.environ).values())
    folder = file.parent / section.folder
    if not folder.is_dir():
        msg = f"failover.folder: {folder} is no folder"
        raise ConfigurationError(msg)
    terraform = Terraform(program=section.program, folder=folder, workspace=section.workspace, redact=redact)

    def servers(within: Deadline, trying: bool) -> Servers:  # noqa: FBT001 — called by the runner alone
        return Servers(
            primary=seen(section.primary, "the primary", within, trying=trying),
            replica=seen(section.replica, "the replica", within, trying=trying),
            services=seen(section.services, _SERVICES, within, trying=True) if trying else "it was not asked",
            pinned=environment.identities.postgres,
            lost_at=lost_at,
        )

    runner = Runner(playbook, section, terraform, lambda line: say(redact(line), indent="  "), servers)
    try:
        say(f"{playbook.name} in {environment.name}: what must hold before")
        runner.look(deadline)
        with tempfile.TemporaryDirectory(prefix="apgms-ops-plan-") as name:
            kept = Path(name) / "plan"
            plan = runner.plan(kept, deadline)
            action = _action(playbook, plan, section, environment, redact)
            if not acting.agreed(arguments, action):
                return 0
            with acting.recorded(arguments, action):
                runner.carry_out(plan, kept, deadline)
    except KeyboardInterrupt:
        say(f"interrupted: {runner.state}")
        raise
    except Refused as error:
        say(f"NOT as promised: {redact(str(error))}")
        return exit_code([Verdict.FAIL])
    except Unobserved as error:
        sys.stderr.write(f"apgms-ops: {printable(redact(str(error)), limit=2000)}\n")
        return exit_code([Verdict.UNKNOWN])
    say("the database is failed over: one primary accepts writes, and the services use it")
    return 0


def _section(environment: Environment) -> Failover:
    section = environment.failover
    if section is None:
        msg = f"environment {environment.name} says nothing about [failover]"
        raise ConfigurationError(msg)
    if isinstance(section, Absent):
        msg = f"environment {environment.name} has no failover: {section.absent}"
        raise ConfigurationError(msg)
    return section


def _playbook(name: str, section: Failover, folder: Path) -> Playbook:
    return packaged(name) if section.playbook is None else load_playbook(folder / section.playbook, name)


def _action(
    playbook: Playbook, plan: Plan, section: Failover, environment: Environment, redact: Redactor
) -> acting.Action:
    changes = tuple(f"{' and '.join(change.actions)} {change.address}" for change in plan.changes if change.changes)
    steps = (
        *changes,
        f"by terraform {plan.version}, workspace {section.workspace}, the plan {plan.digest[:16]} and no other",
        *(f"then verify: {word}" for word in playbook.verification),
    )
    identities = {"postgres": environment.identities.postgres} if environment.identities.postgres else {}
    does = f"{playbook.does} in {environment.name}"
    command = f"incident mitigate {playbook.name}"
    return acting.Action(command, does, tuple(redact(step) for step in steps), environment.name, identities, redact)
