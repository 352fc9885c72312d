"""`apgms-ops drill restore-database`: restores the database where it hurts nobody, and says whether all is there."""

import argparse
import os
import sys
from pathlib import Path

from apgms_ops.cli import acting
from apgms_ops.cli.asking import say, seconds
from apgms_ops.cli.evidence_trust import environment_file
from apgms_ops.clients.pgbackrest import PgbackrestClient, Place
from apgms_ops.deadline import Deadline
from apgms_ops.drills.database import NOT_KNOWN, DatabaseDrill, Outcome, plan
from apgms_ops.drills.looking import require_pinned
from apgms_ops.drills.recording import Recording, prepare
from apgms_ops.drills.restoring import secrets_in
from apgms_ops.drills.running import Interruption, Runner
from apgms_ops.drills.scratch import Scratch
from apgms_ops.environment.backups import DatabaseRestore
from apgms_ops.environment.loading import load, read_secrets, secrets_of
from apgms_ops.environment.model import Backups, Environment
from apgms_ops.errors import ConfigurationError, Unobserved
from apgms_ops.estate import Estate
from apgms_ops.estate.backing_up import here
from apgms_ops.observation import Recorder
from apgms_ops.redact import Redactor, printable
from apgms_ops.verdict import Verdict, exit_code

_LIMIT = "4h"
_KEEPING = 30.0
"""Seconds for storing the record."""
_EXIT_INTERRUPTED = 130
_SECTIONS = ("backups", "postgres", "archive")


def register(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the group."""
    text = "restore the newest backup into a scratch server, replay the archive to its end, and look through it"
    ends = "Exit 0: all of it came back in time; 1: something did not; 10: it could not be found out."
    parser = actions.add_parser("restore-database", help=text, description=f"{text}. {ends}")
    acting.register(parser)
    parser.add_argument("--deadline", metavar="DURATION", default=_LIMIT, help=f"for all of it (default {_LIMIT})")
    parser.add_argument("--env", metavar="NAME", required=True, help="a name of `env list`, or the path of a file")
    parser.add_argument("--environments", metavar="DIR", help="folder of environment files")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    deadline = Deadline(seconds("--deadline", arguments.deadline))
    file = environment_file(arguments.env, arguments.environments)
    environment = load(file)
    section, restore = _declared(environment)
    secrets = read_secrets(secrets_of(environment, _SECTIONS), os.environ)
    recorder = Recorder(Redactor([*secrets.values(), *secrets_in(Path(restore.config))]))
    estate = Estate(environment, secrets, recorder)
    recording = prepare(environment, file.parent, estate.archive, recorder.redact)
    runner = Runner(restore.run_with)
    scratch = Scratch(Path(restore.scratch), runner, Path(restore.programs))
    drill = DatabaseDrill(
        environment=environment.name,
        pinned=environment.identities.postgres,
        section=section.database,
        restore=restore,
        scratch=scratch,
        runner=runner,
        postgres=estate.postgres,
        pgbackrest=_pgbackrest(section, restore, recorder),
        say=lambda line: say(recorder.redact(line), indent="  "),
        by=acting.by(),
        interruption=Interruption(),
    )
    with scratch.alone():
        try:
            require_pinned(estate.postgres.server(deadline).system_id, drill.pinned)
        except Unobserved as error:
            sys.stderr.write(f"apgms-ops: {printable(recorder.redact(str(error)), limit=1000)}\n")
            return exit_code([Verdict.UNKNOWN])
        leftovers = scratch.leftovers()
        steps = tuple(plan(scratch, section.database, leftovers, f"{estate.archive.source}/drills/{environment.name}"))
        does = f"rehearses a restore of the database of {environment.name}, beside it and never over it"
        identities = {found.system: found.id for found in recorder.seen[0]}
        action = acting.Action("drill restore-database", does, steps, environment.name, identities, recorder.redact)
        if not acting.agreed(arguments, action):
            return 0
        with drill.interruption.heard(), acting.recorded(arguments, action):
            outcome = drill.rehearse(leftovers, deadline)
            _print(outcome, recorder)
            kept = _keep(outcome, recording, estate, recorder)
            if outcome.interrupted:
                raise KeyboardInterrupt
    return _exit(outcome, kept=kept)


def _declared(environment: Environment) -> tuple[Backups, DatabaseRestore]:
    for name in _SECTIONS:
        reason = environment.absence(name)
        if reason is not None:
            msg = f"environment {environment.name} has no {name}: {reason}"
            raise ConfigurationError(msg)
    section = environment.backups
    if not isinstance(section, Backups) or section.database.restore is None:
        msg = f"environment {environment.name} does not say where restores are rehearsed: [backups.database.restore]"
        raise ConfigurationError(msg)
    if os.geteuid() == 0 and not section.database.restore.run_with:
        msg = "PostgreSQL does not run as root: say backups.database.restore.run_with, or drill as another user"
        raise ConfigurationError(msg)
    return section, section.database.restore


def _pgbackrest(section: Backups, restore: DatabaseRestore, recorder: Recorder) -> PgbackrestClient:
    """Return pgBackRest as whoever restores: on this machine, with the drill's configuration."""
    program = (*restore.run_with, restore.pgbackrest, f"--config={restore.config}")
    place = Place(hosts=here, program=program, beside=False)
    return PgbackrestClient(place=place, stanza=section.database.stanza, recorder=recorder)


def _print(outcome: Outcome, recorder: Recorder) -> None:
    """Print what came of it, for people."""
    if outcome.lines:
        rows = [("what", "measured", "limit", "")]
        rows += [(line.what, line.measured, line.limit, "NOT OK" if line.problem else "ok") for line in outcome.lines]
        wide = [max(len(row[column]) for row in rows) for column in range(3)]
        for row in rows:
            cells = [printable(cell, limit=100).ljust(width) for cell, width in zip(row[:3], wide, strict=True)]
            sys.stdout.write(f"  {'  '.join(cells)}  {row[3]}".rstrip() + "\n")
    if "restored" in outcome.rehearsal.figures:
        say(f"restored: {outcome.rehearsal.figures['restored']}")
    for problem in outcome.rehearsal.problems:
        say(f"NOT OK: {recorder.redact(problem)}")
    if outcome.rehearsal.passed:
        say("the restore was rehearsed, and all of it came back")


def _keep(outcome: Outcome, recording: Recording, estate: Estate, recorder: Recorder) -> bool:
    """Keep what came of it, whatever that is; return whether it is kept."""
    try:
        key = recording.keep(outcome.rehearsal, Deadline(_KEEPING))
    except Unobserved as error:
        say(f"NOT KEPT, so that no check will know of it: {recorder.redact(str(error))}")
        return False
    say(f"kept as {estate.archive.source}/{key}")
    return True


def _exit(outcome: Outcome, *, kept: bool) -> int:
    if outcome.rehearsal.passed:
        return exit_code([Verdict.PASS if kept else Verdict.UNKNOWN])
    # What was found counts, even where not everything could be looked at.
    found = any(not problem.startswith(NOT_KNOWN) for problem in outcome.rehearsal.problems)
    return exit_code([Verdict.FAIL if found else Verdict.UNKNOWN])
