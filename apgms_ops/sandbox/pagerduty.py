"""The component that stands in for PagerDuty: who is called, and the incidents that call them."""

import secrets
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.pagerduty_process.seed import COUNTRY, NUMBERS
from apgms_ops.sandbox.pagerduty_process.settings import Settings
from apgms_ops.sandbox.standin.component import await_answers, launch, write_once
from apgms_ops.sandbox.world import World

NAME: Final = "pagerduty"
ACCOUNT: Final = "apgms-sandbox"
CONTACTS: Final = {"1": "PUSER01", "3": "PUSER03"}
"""Whose numbers are in the runbook's list."""


class Pagerduty(Component):
    """One process, on the ports `pagerduty` and `pagerduty.control`."""

    name = NAME

    def install(self, world: World, deadline: Deadline) -> None:
        """Need nothing."""

    def start(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — starting a process takes no time
        """Make token, routing key and the list of contacts where there are none, and start the process."""
        folder = world.folder(NAME)
        files = {name: folder / name for name in ("token", "routing_key")}
        write_once(files["token"], f"u+sandbox{secrets.token_hex(12)}")
        write_once(files["routing_key"], f"R0SANDBOX{secrets.token_hex(12).upper()}")
        for number, user in CONTACTS.items():
            path = folder / f"contact_{number}"
            write_once(path, f"+{COUNTRY}{NUMBERS[user]}")
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
        launch(world, NAME)
        world.set(f"{NAME}.url", settings.url)
        world.set(f"{NAME}.control", f"127.0.0.1:{settings.control_port}")
        world.set(f"{NAME}.account", ACCOUNT)
        for name, path in files.items():
            world.set(f"{NAME}.{name}_file", str(path))

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once it answers."""
        await_answers(world, NAME, deadline)
