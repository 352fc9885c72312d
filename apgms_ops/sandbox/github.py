"""The component that stands in for GitHub: its REST interface over the platform's repository."""

import secrets
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.github_process.settings import Settings
from apgms_ops.sandbox.source import SERVICES, PlatformSource, repository
from apgms_ops.sandbox.standin.component import await_answers, launch, write_once
from apgms_ops.sandbox.world import World

NAME: Final = "github"
OWNER: Final = "sandbox"
REPOSITORY: Final = "platform"
REPOSITORY_ID: Final = 480_108


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
        write_once(token_file, f"ghp_sandbox{secrets.token_hex(16)}")
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
        launch(world, NAME)
        world.set(f"{NAME}.url", settings.url)
        world.set(f"{NAME}.control", f"127.0.0.1:{settings.control_port}")
        world.set(f"{NAME}.token_file", str(token_file))
        world.set(f"{NAME}.repository_id", str(REPOSITORY_ID))

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once it answers."""
        await_answers(world, NAME, deadline)


def _write_hook(bare: Path, pushes: Path) -> None:
    """Let the repository write down what is pushed to it: what starts a workflow is a push, not a changed ref."""
    hook = bare / "hooks" / "post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nexec cat >> '{pushes}'\n", encoding="utf-8")
    hook.chmod(0o700)
