"""The component that stands in for PagerDuty: who is called, and the incidents that call them."""

import os
import secrets
import sys
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.asking import ask
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.pagerduty_process.seed import COUNTRY, NUMBERS
from apgms_ops.sandbox.pagerduty_process.settings import Settings
from apgms_ops.sandbox.world import World

NAME: Final = "pagerduty"
ACCOUNT: Final = "apgms-sandbox"
CONTACTS: Final = {"1": "PUSER01", "3": "PUSER03"}
"""Whose numbers are in the runbook's list."""
_PROGRAM: Final = "apgms_ops.sandbox.pagerduty_process"
_POLL: Final = 0.05


class Pagerduty(Component):
    """One process, on the ports `pagerduty` and `pagerduty.control`."""

    name = NAME

    def install(self, world: World, deadline: Deadline) -> None:
        """Need nothing."""

    def start(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — starting a process takes no time
        """Make token, routing key and the list of contacts where there are none, and start the process."""
        folder = world.folder(NAME)
        files = {name: folder / name for name in ("token", "routing_key")}
        _write_once(files["token"], f"u+sandbox{secrets.token_hex(12)}")
        _write_once(files["routing_key"], f"R0SANDBOX{secrets.token_hex(12).upper()}")
        for number, user in CONTACTS.items():
            path = folder / f"contact_{number}"
            _write_once(path, f"+{COUNTRY}{NUMBERS[user]}")
            world.set(f"{NAME}.contact_{number}_file", str(path))
        settings = Settings(
            port=world.port(NAME),
            control_port=world.port(f"{NAME}.control"),
            account=ACCOUNT,
            token_file=str(files["token"]),
            routing_key_file=str(files["routing_key"]),
            state_file=str(folder / "records.json"),
        )
        settings.write(folder / "settings.json")
        launch(world)
        world.set(f"{NAME}.url", settings.url)
        world.set(f"{NAME}.control", f"127.0.0.1:{settings.control_port}")
        world.set(f"{NAME}.account", ACCOUNT)
        for name, path in files.items():
            world.set(f"{NAME}.{name}_file", str(path))

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
            msg = f"pagerduty died:\n{world.log_tail(NAME)}"
            raise SandboxError(msg)
        if deadline.remaining <= _POLL:
            msg = f"pagerduty does not answer within {deadline.seconds:g} s:\n{world.log_tail(NAME)}"
            raise SandboxError(msg)
        deadline.pause(_POLL, "pagerduty to answer")


def _write_once(path: Path, text: str) -> None:
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
