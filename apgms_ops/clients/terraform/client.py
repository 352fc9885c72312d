"""The program's verbs, in one folder and one workspace."""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from apgms_ops.clients.terraform import parse
from apgms_ops.clients.terraform.facts import Applied, Plan
from apgms_ops.clients.terraform.process import Broken, Ran, run
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer, Unobserved, WrongTarget
from apgms_ops.redact import printable

_CHANGED: Final = 2
"""The exit code of a plan that changes something."""


class ApplyBroken(Unobserved):
    """An apply that was broken off; what it had said by then is with it."""

    def __init__(self, why: str, applied: Applied) -> None:
        """Take why, and what is known of it."""
        super().__init__(why)
        self.applied = applied


class Terraform:
    """Plans, and applies what was planned."""

    def __init__(
        self,
        *,
        program: str,
        folder: Path,
        workspace: str,
        redact: Callable[[str], str],
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Take the settings; nothing is run yet.

        Args:
            program: `terraform` or `tofu`, or its path.
            folder: Of the configuration.
            workspace: Which of its states.
            redact: Masks secrets in what it says.
            environ: What it finds in its environment; variables that would add options to its commands are left out.
        """
        self._program = program
        self._folder = folder
        self._workspace = workspace
        self._redact = redact
        kept = {name: value for name, value in environ.items() if not name.startswith(("TF_CLI_ARGS", "TF_LOG"))}
        fixed = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1", "TF_WORKSPACE": workspace}
        self._env = {**kept, **fixed}

    def prepare(self, deadline: Deadline) -> str:
        """Initialise the folder without changing what it locks, and return the program's version.

        Raises:
            WrongTarget: The workspace is not there, or another one is chosen.
            Unobserved: It cannot be.
        """
        version = parse.version(self._must("version", ["-json"], deadline).out)
        self._must("init", ["-input=false", "-no-color", "-lockfile=readonly"], deadline)
        said = self._must("workspace", ["list"], deadline).out
        known = {line.lstrip("* ").strip() for line in said.splitlines()}
        if self._workspace not in known:
            msg = f"terraform has no workspace {self._workspace} in {self._folder}"
            raise WrongTarget(msg)
        return version

    def lineage(self, deadline: Deadline) -> str | None:
        """Return which state this is, or None where there is none yet.

        Raises:
            Unobserved: It cannot be read.
        """
        said = self._must("state", ["pull"], deadline).out
        return parse.lineage(said) if said.strip() else None

    def plan(self, targets: Sequence[str], file: Path, deadline: Deadline) -> Plan:
        """Make a plan for some addresses, and keep it in a file.

        Raises:
            Unobserved: None was made, or it cannot be read.
        """
        options = ["-input=false", "-no-color", "-detailed-exitcode", f"-out={file}"]
        ran = self._run("plan", [*options, *(f"-target={target}" for target in targets)], deadline)
        if ran.exit_code not in {0, _CHANGED}:
            raise Unobserved(self._failure("plan", ran))
        try:
            digest = _digest(file)
        except OSError as error:
            msg = f"terraform plan left no plan: {error.strerror}"
            raise BadAnswer(msg) from error
        plan = parse.plan(self._must("show", ["-json", "-no-color", str(file)], deadline).out, digest)
        if any(change.changes for change in plan.changes) and ran.exit_code != _CHANGED:
            msg = "terraform says that the plan changes nothing, and the plan has changes"
            raise BadAnswer(msg)
        return plan

    def apply(self, plan: Plan, file: Path, deadline: Deadline) -> Applied:
        """Apply that plan and no other.

        Raises:
            WrongTarget: The file is not the plan's any more; nothing was applied.
            ApplyBroken: It was interrupted, or is not over by the deadline.
        """
        if not file.is_file() or _digest(file) != plan.digest:
            msg = "the plan's file is not the one that was shown; nothing was applied"
            raise WrongTarget(msg)
        try:
            ran = run(self._command("apply", ["-input=false", "-json", str(file)]), self._folder, self._env, deadline)
        except Broken as broken:
            why = "interrupted" if isinstance(broken.cause, KeyboardInterrupt) else str(broken.cause)
            raise ApplyBroken(why, parse.applied(broken.ran.out, broken.ran.exit_code, self._redact)) from broken
        return parse.applied(ran.out, ran.exit_code, self._redact)

    def _command(self, verb: str, options: Sequence[str]) -> list[str]:
        return [self._program, verb, *options]

    def _run(self, verb: str, options: Sequence[str], deadline: Deadline) -> Ran:
        try:
            return run(self._command(verb, options), self._folder, self._env, deadline)
        except Broken as broken:
            raise broken.cause from None

    def _must(self, verb: str, options: Sequence[str], deadline: Deadline) -> Ran:
        ran = self._run(verb, options, deadline)
        if ran.exit_code:
            raise Unobserved(self._failure(verb, ran))
        return ran

    def _failure(self, verb: str, ran: Ran) -> str:
        said = printable(self._redact(ran.err.strip() or ran.out.strip()), limit=600)
        return f"terraform {verb} ended with {ran.exit_code}: {said or 'it said nothing'}"


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
