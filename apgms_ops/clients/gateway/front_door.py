"""The front door: the gateway as customers reach it, through the load balancer and TLS."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from apgms_ops.clients.gateway import journey_parse, parse, second_factor
from apgms_ops.clients.gateway.facts import Version
from apgms_ops.clients.gateway.journey_facts import Exchanged
from apgms_ops.clients.http.caller import HttpCaller
from apgms_ops.clients.http.handshake import speaks
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer, Unobserved
from apgms_ops.observation import Recorder
from apgms_ops.secret import Secret

_LARGEST: Final = 4 * 1024 * 1024
"""Bytes of one answer."""
_SYSTEM: Final = "front door"


@dataclass(frozen=True, slots=True)
class Label:
    """What a request is called: in the facts, and by its correlation id in the platform's audit log."""

    step: str
    name: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Login:
    """What somebody logs in with, as it was read for this run."""

    username: Secret
    password: Secret
    otp_secret: Secret


@dataclass(frozen=True, slots=True)
class Order:
    """An amount for one employer's tax in one period."""

    abn: str
    tax_type: str
    period: str
    cents: int

    def body(self) -> dict[str, object]:
        """Return it as the API takes it."""
        return {"abn": self.abn, "taxType": self.tax_type, "period": self.period, "amountCents": self.cents}


Told = tuple[Exchanged, object]
"""A request with what came of it, and the decoded body; None where there is none."""


class FrontDoor:
    """What can be asked at the front door without changing anything. Safe to use from several threads."""

    def __init__(self, *, url: str, ca_file: str | None, recorder: Recorder) -> None:
        """Take the address; nothing is sent yet."""
        self.url = url
        self._ca_file = ca_file
        self._recorder = recorder
        self._http = HttpCaller(system=_SYSTEM, url=url, recorder=recorder, ca_file=ca_file, size_limit=_LARGEST)

    def version(self, label: Label, deadline: Deadline) -> tuple[Exchanged, Version]:
        """Return what answers there, and which estate it says it belongs to.

        Raises:
            Unobserved: It says nothing, or something else.
        """
        called = self._http.call(
            "GET", "/version", headers={"X-Correlation-Id": label.correlation_id}, deadline=deadline
        )
        answer = called.answer
        self._recorder.raw("GET /version", answer.text, answer.media_type or "text/plain")
        version = parse.version(answer)
        self._recorder.identify("services", version.environment)
        seen = Exchanged(
            step=label.step,
            name=label.name,
            what="GET /version",
            correlation_id=label.correlation_id,
            at=called.at,
            took=called.took,
            status=answer.status,
            tls=called.tls,
            date=journey_parse.date_of(answer.headers),
        )
        return seen, version

    def speaks(self, version: str, deadline: Deadline) -> bool:
        """Return whether it still speaks a version of TLS: "1.1", "1.2", "1.3".

        Raises:
            Unobserved: It does not answer at all.
        """
        return speaks(self.url, self._ca_file, version, deadline)


class Customer(FrontDoor):
    """A customer of the API, who changes things: for the journey and for commands; no check can name it.

    Every request is sent once. One without an answer is told as such, and never raised: what came before it stands.
    """

    def __init__(
        self, *, url: str, ca_file: str | None, recorder: Recorder, clock: Callable[[], float] = time.time
    ) -> None:
        """Take the address; `clock` gives seconds since 1970, for one-time passwords."""
        super().__init__(url=url, ca_file=ca_file, recorder=recorder)
        self._clock = clock

    def log_in(self, label: Label, login: Login, deadline: Deadline) -> tuple[Exchanged, Secret | None]:
        """Log in with both factors; return the token, if there was one."""
        return self._log_in(label, login, second_factor.code(login.otp_secret, self._clock()), deadline)

    def log_in_without(self, label: Label, login: Login, deadline: Deadline) -> tuple[Exchanged, Secret | None]:
        """Try to log in without a second factor."""
        return self._log_in(label, login, None, deadline)

    def log_in_wrongly(self, label: Label, login: Login, deadline: Deadline) -> tuple[Exchanged, Secret | None]:
        """Try to log in with a second factor that is not shown."""
        return self._log_in(label, login, second_factor.wrong_code(login.otp_secret, self._clock()), deadline)

    def look_up(self, label: Label, abn: str, token: Secret | None, deadline: Deadline) -> Told:
        """Look a business number up, past every cache."""
        path = f"/v1/registries/abn/{quote(abn, safe='')}"
        return self._ask(label, "GET", path, deadline, token, params=[("fresh", "true")])

    def register(self, label: Label, abn: str, name: str, token: Secret, deadline: Deadline) -> Told:
        """Register an employer."""
        path = f"/v1/employers/{quote(abn, safe='')}"
        return self._ask(label, "PUT", path, deadline, token, body={"legalName": name})

    def remove(self, label: Label, abn: str, token: Secret, deadline: Deadline) -> Told:
        """Remove a synthetic employer."""
        return self._ask(label, "DELETE", f"/v1/employers/{quote(abn, safe='')}", deadline, token)

    def calculate(self, label: Label, what: str, body: Mapping[str, object], token: Secret, deadline: Deadline) -> Told:
        """Have `paygw` or `gst` calculated."""
        return self._ask(label, "POST", f"/v1/calculations/{what}", deadline, token, body=dict(body))

    def deposit(self, label: Label, order: Order, key: str, token: Secret, deadline: Deadline) -> Told:
        """Deposit an amount."""
        return self._ask(label, "POST", "/v1/deposits", deadline, token, body=order.body(), key=key)

    def close(self, label: Label, order: Order, token: Secret, deadline: Deadline) -> Told:
        """Close the period of an order."""
        path = f"/v1/periods/{order.abn}/{order.tax_type}/{order.period}/close"
        return self._ask(label, "POST", path, deadline, token, body={})

    def pay(self, label: Label, order: Order, key: str, token: Secret, deadline: Deadline) -> Told:
        """Pay an amount."""
        return self._ask(label, "POST", "/v1/payments", deadline, token, body=order.body(), key=key)

    def payment(self, label: Label, identity: str, token: Secret, deadline: Deadline) -> Told:
        """Read a payment."""
        return self._ask(label, "GET", f"/v1/payments/{quote(identity, safe='')}", deadline, token)

    def ledger(self, label: Label, abn: str, tax_type: str, token: Secret, deadline: Deadline) -> Told:
        """Read an account."""
        return self._ask(label, "GET", f"/v1/ledger/{quote(abn, safe='')}/{tax_type}", deadline, token)

    def events(self, label: Label, correlation_id: str, token: Secret, deadline: Deadline) -> Told:
        """Read what the audit log tells of a correlation id. Not kept as it came: it may hold payloads."""
        params = [("correlationId", correlation_id)]
        return self._ask(label, "GET", "/v1/audit/events", deadline, token, params=params, keep=False)

    def _log_in(
        self, label: Label, login: Login, otp: str | None, deadline: Deadline
    ) -> tuple[Exchanged, Secret | None]:
        body = {"username": login.username.reveal(), "password": login.password.reveal()}
        if otp is not None:
            body["otp"] = otp
        seen, data = self._ask(label, "POST", "/v1/auth/login", deadline, None, body=body, keep=False)
        token = data.get("accessToken") if isinstance(data, dict) else None
        return seen, Secret(token) if isinstance(token, str) and token else None

    def _ask(  # noqa: PLR0913 — the parts of a request
        self,
        label: Label,
        method: str,
        path: str,
        deadline: Deadline,
        token: Secret | None,
        *,
        params: list[tuple[str, str]] | None = None,
        body: object = None,
        key: str | None = None,
        keep: bool = True,
    ) -> Told:
        headers = {"X-Correlation-Id": label.correlation_id}
        if token is not None:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        if key is not None:
            headers["Idempotency-Key"] = key
        at, began, what = datetime.now(UTC), time.monotonic(), f"{method} {path}"
        try:
            called = self._http.call(method, path, params or (), headers=headers, body=body, deadline=deadline)
        except Unobserved as error:
            took = time.monotonic() - began
            return Exchanged(label.step, label.name, what, label.correlation_id, at, took, trouble=str(error)), None
        answer, trouble, data = called.answer, None, None
        if keep:
            self._recorder.raw(f"{what} ({label.name})", answer.text, answer.media_type or "text/plain")
        try:
            data = journey_parse.json_of(answer)
        except BadAnswer as error:
            trouble = str(error)
        seen = Exchanged(
            step=label.step,
            name=label.name,
            what=what,
            correlation_id=label.correlation_id,
            at=called.at,
            took=called.took,
            status=answer.status,
            tls=called.tls,
            date=journey_parse.date_of(answer.headers),
            fields=journey_parse.fields(data),
            trouble=trouble,
        )
        return seen, data


def is_error(seen: Exchanged, status: HTTPStatus, *errors: str) -> bool:
    """Whether a request was refused with a status, and one of these errors in the platform's own words."""
    return seen.status == status and (not errors or seen.fields.get("error") in errors)
