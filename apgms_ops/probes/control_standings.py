"""Compliance, step 3: what evidences each control, and how old that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from apgms_ops.compliance.controls import load_controls
from apgms_ops.compliance.coverage import Check
from apgms_ops.compliance.supplied import load_supplied
from apgms_ops.compliance.written import Written, checks, written
from apgms_ops.environment.evidence import Evidence
from apgms_ops.environment.model import Environment
from apgms_ops.errors import Unobserved
from apgms_ops.evidence.site import Site
from apgms_ops.evidence.standing import Seen, Standing, each_last_seen, standings
from apgms_ops.probes.control_facts import ControlStanding, ControlStandings, Document, Evidencing, due
from apgms_ops.probes.probe import probe
from apgms_ops.verdict import Verdict, worst

_COUNTING: Final = frozenset(Verdict) - {Verdict.UNKNOWN}
"""What could not be observed evidences nothing."""

Each = Mapping[str, Mapping[str, Seen]]
"""Check → its id with parameters → what that last came to."""


@probe(deadline=60.0)
def control_standings(environment: Environment, site: Site, read_only: bool) -> ControlStandings:  # noqa: FBT001 — by name
    """Each control with the checks that evidence it, when runs last judged them, and the documents of the site."""
    if site.root is None or site.runs is None or not site.environments:
        msg = "this run has no surroundings: no checks, no earlier runs and no folder of environment files"
        raise Unobserved(msg)
    now, evidence = datetime.now(UTC), environment.evidence
    there = written(site.root)
    every = checks(there.values())
    supplied = [
        (document, document.trouble(folder, now)) for folder in site.environments for document in load_supplied(folder)
    ]
    fresh = evidence.fresh.value if isinstance(evidence, Evidence) and evidence.fresh is not None else None
    since = evidence.since if isinstance(evidence, Evidence) else None
    back_to = now - fresh if fresh is not None and due(since, now, fresh) else None
    seen: Each = {}
    known: Each = {}
    if back_to is not None:
        # Whole sections, by which it is known when to stop looking.
        sections = {check.section for check in every if check.controls}
        wanted = [check for check in every if check.section in sections]
        seen = each_last_seen(site.runs, environment.name, wanted, now, counting=_COUNTING, back_to=back_to)
        known = each_last_seen(site.runs, environment.name, wanted, now, back_to=back_to)
    # What a run leaves out because nothing may be written is neither judged by it nor absent.
    planned = {name: why for name, why in site.planned.items() if why is None or not read_only}
    past = _Past(seen, known, planned, there, environment)
    found = standings(load_controls().controls, every, {}, supplied, now=now, fresh=None)
    return ControlStandings(now, back_to, tuple(_standing(one, past) for one in found))


def _standing(one: Standing, past: "_Past") -> ControlStanding:
    held = {document.title for document, trouble in one.supplied if not trouble}
    documents = (
        Document(document.title, document.owner, document.expires, trouble, bool(trouble) and document.title in held)
        for document, trouble in one.supplied
    )
    evidencing = (past.of(evidenced.check) for evidenced in one.checks)
    return ControlStanding(one.control.name, one.control.by_hand, tuple(evidencing), tuple(documents))


@dataclass(frozen=True, slots=True)
class _Past:
    """What earlier runs say of a check, and this one's plan."""

    seen: Each
    known: Each
    """What was seen, with that which could not be observed."""
    planned: Mapping[str, str | None]
    there: Mapping[str, Written]
    environment: Environment

    def of(self, check: Check) -> Evidencing:
        """Return how a check stands: by the service that was judged the longest ago, where it is judged for several."""
        planned = [why for name, why in self.planned.items() if _function(name) == check.id]
        if planned and None not in planned:
            return Evidencing(check.id, None, None, absent=True, exempt=True)
        services = self._services(check)
        found: list[Seen] = []
        missing: list[str | None] = []
        for service in services:
            some = [seen for name, seen in self.seen.get(check.id, {}).items() if _is_of(name, service, services)]
            found += some
            missing += [] if some else [service]
        new = bool(self.known) and all(self._is_new(check.id, service, services) for service in missing)
        if missing and not (new and found):
            return Evidencing(check.id, None, None, absent=False, exempt=new)
        verdicts = {one.verdict for one in found}
        absent = not planned and verdicts == {Verdict.SKIPPED}
        return Evidencing(check.id, min(one.at for one in found), str(worst(verdicts)), absent=absent, exempt=False)

    def _is_new(self, check: str, service: str | None, services: Sequence[str | None]) -> bool:
        """Whether this run judges it, and none before it, as far back as was looked, was to judge it."""
        before = any(_is_of(name, service, services) for name in self.known.get(check, {}))
        now = any(
            why is None and _function(name) == check and _is_of(name, service, services)
            for name, why in self.planned.items()
        )
        return now and not before

    def _services(self, check: Check) -> Sequence[str | None]:
        """Return the services that a check is judged for; None alone where it is judged for no service by itself."""
        declared = self.there[check.id]
        return (declared.by_service and tuple(declared.services(self.environment))) or (None,)


def _function(name: str) -> str:
    return name.partition("[")[0]


def _is_of(name: str, service: str | None, services: Sequence[str | None]) -> bool:
    """Whether a node id is that of a service; with other parameters beside it, they stand in one word."""
    if service is None:
        return True
    parameters = name.partition("[")[2].removesuffix("]")
    return parameters == service or (service in parameters and parameters not in services)
