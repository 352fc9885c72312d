"""Runbook, Service Overview, step 4: whether the register's answers are right, and whether every look-up is timed."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.probe import probe

if TYPE_CHECKING:
    from apgms_ops.clients.gateway import Family, ServiceClient, Services

ROUTE: Final = "/registries/abn/{abn}"
"""The look-up's route, as the service's metrics name it."""
LOOKUPS: Final = "apgms_registry_lookup_duration_seconds"
_REQUESTS: Final = "http_requests_total"
_REGISTER: Final = "abr"
_FAILED: Final = "5"


@dataclass(frozen=True, slots=True)
class Asked:
    """One number whose answer is known, asked of one replica past its cache."""

    replica: str
    abn: str
    expected: str
    """`active`, `cancelled` or `invalid`."""
    said: str
    """`active`, `cancelled`, `invalid`, or `unknown` to the register."""
    about: str | None
    """The number that the answer names; None where the number was refused."""
    source: str | None
    """Where the answer says that it comes from."""


@dataclass(frozen=True, slots=True)
class RegistryAnswers:
    """What every replica says of every known number."""

    asked: dict[str, tuple[Asked, ...]]
    """By service."""

    def wrong(self, service: str) -> Findings:
        """Say which answers are not what is known.

        Raises:
            Unobserved: No number is declared whose answer is known, or none was asked.
        """
        found = self.asked.get(service, ())
        if not found:
            msg = f"services.{service}.known_abns is not declared: nobody can tell a right answer from any other"
            raise Unobserved(msg)
        return Findings(sentence for one in found for sentence in _faults(one))


def _faults(one: Asked) -> list[str]:
    where = f"{one.replica} says of {one.abn}"
    if one.said != one.expected:
        return [f"{where} that it is {one.said}; it is known to be {one.expected}"]
    if one.about is None:
        return []
    faults = [] if one.about == one.abn else [f"{where} what is about another number"]
    if one.source != _REGISTER:
        faults.append(f"{where} what it remembers (source {one.source!r}), though the register was to be asked")
    return faults


@dataclass(frozen=True, slots=True)
class Timed:
    """What one replica has counted since it was started: whole numbers, all of one moment."""

    replica: str
    asked: int
    """Look-ups that were answered or failed; numbers that were refused without a look-up are not among them."""
    failed: int
    """Those of them that were answered with 5xx."""
    timed: int
    """Look-ups that the histogram holds, wherever they were answered."""


@dataclass(frozen=True, slots=True)
class TimedLookups:
    """Whether the histogram holds what was asked."""

    replicas: dict[str, tuple[Timed, ...]]
    """By service."""

    def untimed(self, service: str) -> Findings:
        """Say which replicas do not time the look-ups that fail.

        Raises:
            Unobserved: No replica was asked for anything yet, so that it is not known what they time.
        """
        found = self.replicas.get(service, ())
        findings = Findings(
            f"{one.asked - one.timed} of {one.asked} look-ups at {one.replica} were never timed, {one.failed} were "
            "answered with 5xx: a figure over those that were timed leaves out the slowest"
            for one in found
            if one.timed < one.asked
        )
        silent = [one.replica for one in found if not one.asked]
        if not findings and (silent or not found):
            msg = f"{service}: {', '.join(silent) or 'no replica'} was asked for nothing yet"
            raise Unobserved(msg)
        return findings


@probe(deadline=30.0)
def registry_answers(gateway: "Services", environment: Environment, deadline: Deadline) -> RegistryAnswers:
    """What every replica of the registries says, past its cache, of the numbers whose answer is known."""
    asked: dict[str, tuple[Asked, ...]] = {}
    for name, service in environment.services.items():
        if service.lookups is None:
            continue
        replicas = gateway.replicas(name)
        asked[name] = tuple(
            _ask(replica, known.abn, known.answer, deadline) for replica in replicas for known in service.known_abns
        )
    return RegistryAnswers(asked)


@probe(deadline=20.0)
def timed_lookups(gateway: "Services", environment: Environment, deadline: Deadline) -> TimedLookups:
    """The look-ups that every replica of the registries has answered since its start, and those that it has timed."""
    return TimedLookups(
        {
            name: tuple(_timed(replica, deadline) for replica in gateway.replicas(name))
            for name, service in environment.services.items()
            if service.lookups is not None
        }
    )


def _ask(replica: "ServiceClient", abn: str, expected: str, deadline: Deadline) -> Asked:
    found = replica.abn(abn, deadline, fresh=True)
    return Asked(replica.url, abn, expected, found.standing.value, found.abn, found.source)


def _timed(replica: "ServiceClient", deadline: Deadline) -> Timed:
    families = replica.metrics(deadline)
    requests = _required(families, _REQUESTS, replica)
    statuses: dict[str, int] = {}
    for sample in requests.samples:
        if sample.name == _REQUESTS and sample.labels.get("route") == ROUTE:
            status = sample.labels.get("status", "")
            statuses[status] = statuses.get(status, 0) + math.floor(sample.value)
    counts = [s for s in _required(families, LOOKUPS, replica).samples if s.name == f"{LOOKUPS}_count"]
    # A number that is refused for its form is looked up nowhere; one that the register does not know is.
    asked = {status: count for status, count in statuses.items() if status == "404" or not status.startswith("4")}
    return Timed(
        replica=replica.url,
        asked=sum(asked.values()),
        failed=sum(count for status, count in asked.items() if status.startswith(_FAILED)),
        timed=sum(math.floor(sample.value) for sample in counts),
    )


def _required(families: "dict[str, Family]", name: str, replica: "ServiceClient") -> "Family":
    if name not in families:
        msg = f"{replica.service} at {replica.url} does not export {name}"
        raise Unobserved(msg)
    return families[name]
