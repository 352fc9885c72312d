"""`apgms-ops release tag|trigger|watch|rollout`: makes a release, and follows it. What changes something asks."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from apgms_ops.cli import acting
from apgms_ops.cli.asking import say, seconds
from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import find, folder_of_environments, load, read_secrets, secrets_of
from apgms_ops.environment.model import Github
from apgms_ops.errors import ConfigurationError, Unobserved, WrongTarget
from apgms_ops.estate import Estate
from apgms_ops.observation import Findings, Recorder
from apgms_ops.probes.release import Release, rules_of
from apgms_ops.probes.release_build import release_build
from apgms_ops.probes.release_tag import read_tag
from apgms_ops.redact import Redactor, printable
from apgms_ops.releases import rolling, tagging, watching
from apgms_ops.releases.checkout import Checkout
from apgms_ops.sandbox import location
from apgms_ops.verdict import Verdict, exit_code

_QUICK = "60s"
_MEDIUM = "15m"
_LONG = "60m"


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `release` to the command line; each command sets `run`, which takes the arguments."""
    release = commands.add_parser("release", help="make a release, and follow it to its end", description=__doc__)
    actions = release.add_subparsers(metavar="COMMAND", required=True)
    text = "tag main, annotated, where it is clean, newest and green; and push the tag"
    tag = actions.add_parser("tag", help=text, description=text)
    tag.add_argument("tag", metavar="VERSION", help="vMAJOR.MINOR.PATCH")
    tag.add_argument("--repository", metavar="DIR", type=Path, default=Path(), help="the clone (default: here)")
    tag.add_argument("--remote", metavar="NAME", default="origin", help="where the tag is pushed (default origin)")
    text = "start the release workflow for a tag that is there: where the push of it started none, or to run it anew"
    trigger = actions.add_parser("trigger", help=text, description=text)
    text = "follow the run of a release to its end: exit 0 success, 1 any other end, 10 not ended in time"
    watch = actions.add_parser("watch", help=text, description=text)
    watch.add_argument("--every", metavar="DURATION", default="10s", help="between two looks (default 10s)")
    text = "follow a release's rollout to its end: exit 0 every service runs it, 1 stuck, 10 not at its end in time"
    rollout = actions.add_parser("rollout", help=text, description=text)
    rollout.add_argument("--every", metavar="DURATION", default="5s", help="look again without a change (default 5s)")
    for parser, run in ((tag, _tag), (trigger, _trigger), (watch, _watch), (rollout, _rollout)):
        if parser is not tag:
            parser.add_argument("tag", metavar="TAG", help="the release: v1.4.2")
        if parser in (tag, trigger):
            acting.register(parser)
        limit = _LIMITS.get(run, _QUICK)
        parser.add_argument("--deadline", metavar="DURATION", default=limit, help=f"for all of it (default {limit})")
        parser.add_argument("--env", metavar="NAME", required=True, help="a name of `env list`, or the path of a file")
        parser.add_argument(
            "--environments", metavar="DIR", help="folder of environment files ($APGMS_ENVIRONMENTS, ./environments)"
        )
        parser.set_defaults(run=run)


@dataclass(frozen=True, slots=True)
class _Session:
    """The estate, what is required there of a release, and the time for all of it."""

    estate: Estate
    rules: Github
    deadline: Deadline
    recorder: Recorder

    def action(self, command: str, does: str, steps: tuple[str, ...]) -> acting.Action:
        """Return what is about to be done, to whatever answered until now."""
        identities = {found.system: found.id for found in self.recorder.seen[0]}
        return acting.Action(command, does, steps, self.estate.environment.name, identities, self.recorder.redact)


def _session(arguments: argparse.Namespace, sections: Sequence[str]) -> _Session:
    patience = seconds("--deadline", arguments.deadline)
    path = find(arguments.env, folder_of_environments(arguments.environments, os.environ, Path.cwd()))
    running = location.root(os.environ) / path.name
    if arguments.env == "sandbox":
        if not running.is_file():
            msg = "the sandbox does not run: `apgms-ops sandbox up`"
            raise ConfigurationError(msg)
        path = running
    environment = load(path)
    for section in sections:
        reason = environment.absence(section)
        if reason is not None:
            msg = f"environment {environment.name} has no {section}: {reason}"
            raise ConfigurationError(msg)
    secrets = read_secrets(secrets_of(environment, list(sections)), os.environ)
    recorder = Recorder(Redactor(secrets.values()))
    return _Session(Estate(environment, secrets, recorder), rules_of(environment), Deadline(patience), recorder)


def _tag(arguments: argparse.Namespace) -> int:
    def work(session: _Session) -> int:
        checkout, github = Checkout(arguments.repository, arguments.remote), session.estate.github
        _require_pinned(session)
        found = tagging.prepare(checkout, github, session.rules, arguments.tag, session.deadline)
        if isinstance(found, Findings):
            return _refused(found)
        where = f"{session.rules.owner}/{session.rules.repository}"
        action = session.action(f"release tag {found.version}", f"tags {found.version} in {where}", found.steps)
        if not acting.agreed(arguments, action):
            return 0
        with acting.recorded(arguments, action):
            tagging.carry_out(found, checkout, github, session.rules, session.deadline)
        say(f"{found.version} is on {session.rules.branch}, at {found.sha}")
        say(f"follow its run: apgms-ops release watch {found.version} --env {arguments.env}")
        return 0

    return _run(arguments, work)


def _trigger(arguments: argparse.Namespace) -> int:
    def work(session: _Session) -> int:
        rules = session.rules
        _require_pinned(session)
        tag = read_tag(session.estate.github, rules, Release(arguments.tag, None, "the command"), session.deadline)
        found = Findings((*tag.ill_made(), *(tag.off_branch() if tag.commit else ())))
        if found:
            return _refused(found)
        commands = session.estate.github_commands
        steps = (f'POST {commands.dispatch_path(rules.workflow)} {{"ref": "{arguments.tag}"}}',)
        does = f"starts {rules.workflow} for {arguments.tag} at {tag.commit}"
        action = session.action(f"release trigger {arguments.tag}", does, steps)
        if not acting.agreed(arguments, action):
            return 0
        with acting.recorded(arguments, action):
            commands.dispatch(rules.workflow, arguments.tag, session.deadline)
        say(f"{rules.workflow} was started for {arguments.tag}")
        say(f"follow it: apgms-ops release watch {arguments.tag} --env {arguments.env}")
        return 0

    return _run(arguments, work)


def _watch(arguments: argparse.Namespace) -> int:
    def work(session: _Session) -> int:
        every = seconds("--every", arguments.every)
        _require_pinned(session)
        run = watching.watch(
            session.estate.github, session.rules, arguments.tag, session.deadline, every=every, report=say
        )
        say(f"{arguments.tag} ended in {run.conclusion}: {run.url}")
        return exit_code([Verdict.PASS if watching.succeeded(run) else Verdict.FAIL])

    return _run(arguments, work)


def _rollout(arguments: argparse.Namespace) -> int:
    def work(session: _Session) -> int:
        every = seconds("--every", arguments.every)
        estate = session.estate
        _require_pinned(session)
        _require_pinned_cluster(session)
        found = release_build.function(estate.github, estate, estate.environment, arguments.tag, session.deadline)
        digests = {service: found.digest_of(service) for service in estate.environment.services}
        left = rolling.follow(estate.kubernetes, estate.environment, digests, session.deadline, every=every, report=say)
        for sentence in left:
            say(f"stuck: {sentence}")
        if not left:
            say(f"every service runs {arguments.tag}, and nothing else")
        return exit_code([Verdict.FAIL if left else Verdict.PASS])

    return _run(arguments, work, "kubernetes")


_LIMITS: Mapping[Callable[[argparse.Namespace], int], str] = {_watch: _LONG, _rollout: _MEDIUM}


def _run(arguments: argparse.Namespace, work: Callable[[_Session], int], *more: str) -> int:
    """Do it, on GitHub and whatever else it needs."""
    try:
        return work(_session(arguments, ("github", *more)))
    except Unobserved as error:
        sys.stderr.write(f"apgms-ops: {printable(str(error), limit=1000)}\n")
        return exit_code([Verdict.UNKNOWN])


def _require_pinned(session: _Session) -> None:
    """See that it is the repository that the environment pins, before anything is believed or changed."""
    pinned = session.estate.environment.identities.github
    found = str(session.estate.github.repository(session.deadline).id)
    if pinned is not None and found != pinned:
        msg = f"{session.estate.github.source} is repository {found}, not the pinned {pinned}"
        raise WrongTarget(msg)


def _require_pinned_cluster(session: _Session) -> None:
    """See that it is the cluster that the environment pins."""
    pinned, cluster = session.estate.environment.identities.kubernetes, session.estate.kubernetes
    found = cluster.identity(session.deadline)
    if pinned is not None and found != pinned:
        msg = f"{cluster.source} is cluster {found}, not the pinned {pinned}"
        raise WrongTarget(msg)


def _refused(found: Findings) -> int:
    for sentence in found:
        say(f"refused: {sentence}")
    return exit_code([Verdict.FAIL])
