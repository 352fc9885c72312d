"""The clean-up of every synthetic number, whoever has it: for a command, when somebody has seen that nobody walks."""

import random
import secrets
import threading
from http import HTTPStatus

from apgms_ops.clients.gateway.front_door import Label
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.errors import Unobserved
from apgms_ops.estate import Estate
from apgms_ops.evidence.journal import NoJournal
from apgms_ops.observation import Findings
from apgms_ops.probes.journey.answers import shown
from apgms_ops.probes.journey.guide import Guide, Party
from apgms_ops.probes.journey.lease import TAX_TYPES, Leases
from apgms_ops.probes.journey.probe import require_right_place
from apgms_ops.probes.journey.rules import smoke_of


class Cleaning:
    """Somebody logged in at the right front door, who can look for synthetic employers and remove them."""

    def __init__(self, estate: Estate, environment: Environment, deadline: Deadline) -> None:
        """See that it is the right place, and log in.

        Raises:
            WrongTarget: It is another environment.
            Unobserved: It could not be found out, or there is no log-in.
        """
        rules = smoke_of(environment)
        walk = secrets.token_hex(6)
        label = Label("version", "version", f"smoke-{walk}-000-version")
        require_right_place(estate.front_door, environment, label, deadline)
        party = Party(
            estate.customer, rules, login=estate.login(rules.credentials), other=estate.login(rules.other_tenant)
        )
        self._guide = Guide(walk, party, NoJournal(), deadline, threading.Event())
        self._deadline = deadline
        seen, token = party.customer.log_in(self._guide.label("log-in", "log-in"), party.login, deadline)
        if token is None:
            msg = f"{seen.what}: {seen.trouble or shown(seen)}"
            raise Unobserved(msg)
        self._token = token
        self._leases = Leases(self._guide, token, random.SystemRandom())

    def registered(self) -> tuple[str, ...]:
        """Return the synthetic numbers that are registered.

        Raises:
            Unobserved: One cannot be looked at.
        """
        return tuple(abn for abn in self._guide.rules.abns if self._is_registered(abn))

    def _is_registered(self, abn: str) -> bool:
        label = self._guide.label("clean-up", "look")
        seen, _ = self._guide.customer.ledger(label, abn, TAX_TYPES[0], self._token, self._guide.patience("clean-up"))
        if seen.status not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            msg = f"{seen.what}: {seen.trouble or shown(seen)}: whether it is registered is not known"
            raise Unobserved(msg)
        return seen.status == HTTPStatus.OK

    def remove(self, abns: tuple[str, ...]) -> Findings:
        """Remove employers, and say what is left of them."""
        for abn in abns:
            self._leases.release(abn, self._deadline, None)
        return Findings(f"{abn}: {what}" for abn, what in self._leases.residue.items())
