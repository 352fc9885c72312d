"""The component that stands in for GitHub: its REST interface over the platform's repository."""

import os
import secrets
import sys
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.asking import ask
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.github_process.settings import Settings
from apgms_ops.sandbox.source import SERVICES, PlatformSource, repository
from apgms_ops.sandbox.world import World

NAME: Final = "github"
OWNER: Final = "sandbox"
REPOSITORY: Final = "platform"
REPOSITORY_ID: Final = 480_108
_PROGRAM: Final = "apgms_ops.sandbox.github_process"
_POLL: Final = 0.05


class Github(Component):
    """One process, on the ports `github` and `github.control`."""

    name = NAME
    needs = (PlatformSource.name,)

    def install(self, world: World, deadline: Deadline) -> None:
        """Need nothing but git, which the repository needs as well."""

    def start(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — starting a process takes no time
        """Make the token where there is none, let the repository tell of pushes, and start the process."""
        folder = world.folder(NAME)
        token_file = folder / "token"
        if not token_file.exists():
            _write_private(token_file, f"ghp_sandbox{secrets.token_hex(16)}")
        pushes = folder / "pushes"
        _write_hook(repository(world), pushes)
        settings = Settings(
            port=world.port(NAME),
            control_port=world.port(f"{NAME}.control"),
            repository=str(repository(world)),
            pushes=str(pushes),
            owner=OWNER,
            name=REPOSITORY,
            repository_id=REPOSITORY_ID,
            token_file=str(token_file),
            state_file=str(folder / "records.json"),
            services=SERVICES,
            releases={
                world.get(f"{key}.tag"): {"sha": world.get(f"{key}.sha"), "built_at": world.get(f"{key}.built_at")}
                for key in ("release.previous", "release")
            },
        )
        settings.write(folder / "settings.json")
        launch(world)
        world.set(f"{NAME}.url", settings.url)
        world.set(f"{NAME}.control", f"127.0.0.1:{settings.control_port}")
        world.set(f"{NAME}.token_file", str(token_file))
        world.set(f"{NAME}.repository_id", str(REPOSITORY_ID))

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once it answers."""
        await_answers(world, deadline)


def launch(world: World) -> None:
    """Start the process with the settings that were written."""
    settings = world.folder(NAME) / "settings.json"
    world.spawn(NAME, [sys.executable, "-m", _PROGRAM, str(settings)], env={"PYTHONUNBUFFERED": "1"})


def await_answers(world: World, deadline: Deadline) -> None:
    """Return once both ports answer.

    Raises:
        SandboxError: It died, or does not answer by the deadline; the text ends with the tail of its log.
    """
    control, port = world.port(f"{NAME}.control"), world.port(NAME)
    while ask(control, "/status", deadline) is None or ask(port, "/", deadline, any_status=True) is None:
        if not world.alive(NAME):
            msg = f"github died:\n{world.log_tail(NAME)}"
            raise SandboxError(msg)
        if deadline.remaining <= _POLL:
            msg = f"github does not answer within {deadline.seconds:g} s:\n{world.log_tail(NAME)}"
            raise SandboxError(msg)
        deadline.pause(_POLL, "github to answer")


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _write_hook(bare: Path, pushes: Path) -> None:
    """Let the repository write down what is pushed to it: what starts a workflow is a push, not a changed ref."""
    hook = bare / "hooks" / "post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nexec cat >> '{pushes}'\n", encoding="utf-8")
    hook.chmod(0o700)
