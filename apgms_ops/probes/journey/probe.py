"""Walks the journey, once its preconditions hold, and cleans up after it whatever happens."""

import random
import secrets
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.gateway.front_door import Label
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.errors import DeadlineExceeded, Unobserved, WrongTarget
from apgms_ops.evidence.earlier import EarlierRuns
from apgms_ops.evidence.journal import Journal, left_behind
from apgms_ops.probes.journey.facts import Journey, Residue, Stopped, Written
from apgms_ops.probes.journey.guide import Guide, Party, WalkEnded, patience
from apgms_ops.probes.journey.lease import Leases
from apgms_ops.probes.journey.past import earlier_walks
from apgms_ops.probes.journey.rules import known_numbers, smoke_of
from apgms_ops.probes.journey.walk import DEPOSITS, TAX_TYPE, Walk
from apgms_ops.probes.planned import Planned
from apgms_ops.probes.probe import probe
from apgms_ops.probes.rollout_facts import Rollouts

if TYPE_CHECKING:
    from apgms_ops.clients.gateway.front_door import FrontDoor
    from apgms_ops.clients.gateway.journey_facts import Exchanged
    from apgms_ops.estate import Estate

_ROLLOUTS: Final = "rollouts"
_CLEANING: Final = 0.35
"""Share of the time that is kept for the clean-up."""
_LONGEST_CLEANING: Final = 60.0
"""Seconds."""


@probe(deadline=180.0, writes=True, after=(_ROLLOUTS,))
def journey(  # noqa: PLR0913, PLR0917 — what a probe that writes must know
    front_door: "FrontDoor",
    estate: "Estate",
    environment: Environment,
    planned: Planned,
    earlier: EarlierRuns,
    read_only: bool,  # noqa: FBT001 — offered by this name
    interrupted: threading.Event,
    deadline: Deadline,
) -> Journey:
    """The customer journey through the front door, as a synthetic tenant: every request and its answer."""
    rules = smoke_of(environment)
    walk = secrets.token_hex(6)
    require_rolled_out(planned, environment)
    label = Label("version", "version", f"smoke-{walk}-000-version")
    version = require_right_place(front_door, environment, label, deadline)
    folder = earlier.folder
    if folder is None:
        msg = "there is no folder of runs to keep the walk's journal in: what a killed walk left could not be found"
        raise Unobserved(msg)
    party = Party(estate.customer, rules, login=estate.login(rules.credentials), other=estate.login(rules.other_tenant))
    cleaning = min(_LONGEST_CLEANING, _CLEANING * deadline.remaining)
    journal = Journal.begin(folder, walk, environment.name)
    guide = Guide(walk, party, journal, deadline.within(deadline.remaining - cleaning), interrupted)
    guide.exchanges[version.name] = version
    tour = _Tour(guide, journal, known_numbers(environment), read_only=read_only)
    return replace(tour.walked(folder.parent, environment, deadline), past=earlier_walks(earlier))


def require_rolled_out(planned: Planned, environment: Environment) -> None:
    """Go on only if the rollout is complete, where the run judges it as well.

    Raises:
        Unobserved: It is not, or nobody knows.
    """
    rollouts = planned.facts(_ROLLOUTS)
    if not isinstance(rollouts, Rollouts):
        return
    for service in environment.services:
        unfinished = rollouts.of(service).unfinished(environment.deployment.settling_time)
        if unfinished:
            msg = f"the journey is not walked before the rollout is complete: {unfinished!r}"
            raise Unobserved(msg)


def require_right_place(
    front_door: "FrontDoor", environment: Environment, label: Label, deadline: Deadline
) -> "Exchanged":
    """Go on only if the front door says that it is of the environment that is pinned.

    Raises:
        Unobserved: None is pinned, or the front door does not say.
        WrongTarget: It is another.
    """
    pinned = environment.identities.services
    if pinned is None:
        msg = (
            "identities.services is not pinned, so that nobody could tell production from anything else: read the "
            "field `environment` of /version where you know where you are, and write it down"
        )
        raise Unobserved(msg)
    seen, version = front_door.version(label, patience(smoke_of(environment), label.step, deadline))
    if version.environment != pinned:
        msg = (
            f"the front door calls its environment {version.environment!r}, not the pinned {pinned!r}: "
            "nothing was written there"
        )
        raise WrongTarget(msg)
    return seen


class _Tour:
    """A walk from its first step to the end of its clean-up."""

    def __init__(self, guide: Guide, journal: Journal, known: dict[str, str], *, read_only: bool) -> None:
        self._guide = guide
        self._journal = journal
        self._known = known
        self._read_only = read_only
        self._walk = Walk(guide, known, datetime.now(UTC))
        self._leases: Leases | None = None
        self._stopped: Stopped | None = None
        self._took = 0.0

    def walked(self, runs: Path, environment: Environment, deadline: Deadline) -> Journey:
        """Walk, clean up, and return what was seen; whatever was not foreseen is raised, after the clean-up."""
        began = time.monotonic()
        waited = 0.0
        clean = False
        try:
            token = self._walk.be_let_in()
            self._walk.look_up(token)
            self._walk.calculate(token)
            if not self._read_only:
                self._leases = Leases(self._guide, token, random.SystemRandom())
                before = time.monotonic()
                for dead in left_behind(runs, environment.name):
                    self._leases.recover(dead, self._guide.deadline)
                abn = self._walk.take_number(token, self._leases)
                waited = time.monotonic() - before
                self._walk.keep_books(token, abn)
                self._walk.see_acknowledged(token)
                self._walk.look_on(abn)
            self._walk.read_audit(token)
        except (WalkEnded, DeadlineExceeded) as error:
            self._stopped = Stopped(self._guide.step, str(error))
        finally:
            self._took = time.monotonic() - began - waited
            clean = self._clean_up(deadline)
            if clean:
                self._journal.finish()
            else:
                self._journal.close()
        return self._journey()

    def _clean_up(self, deadline: Deadline) -> bool:
        leases = self._leases
        if leases is None:
            return True
        if deadline.expired:
            leases.residue[leases.held or "?"] = "no time was left to clean up"
            return False
        done = leases.give_back(deadline)
        if not self._guide.interrupted.is_set() and self._stopped is None:
            try:
                leases.sweep(leases.held, deadline)
            except (WalkEnded, DeadlineExceeded) as error:
                self._stopped = Stopped(self._guide.step, str(error))
        return done

    def _journey(self) -> Journey:
        walk, guide, leases = self._walk, self._guide, self._leases
        return Journey(
            walk=guide.walk,
            at=datetime.now(UTC),
            read_only=self._read_only,
            organisation=guide.rules.organisation,
            exchanges=guide.exchanges,
            stopped=self._stopped,
            token=walk.token_seen,
            known=self._known,
            sums=walk.sums,
            written=self._written(),
            ledgers=walk.ledgers,
            audited=guide.audited,
            events=walk.events,
            others_events=walk.others_events,
            took=self._took,
            cleaned=tuple(leases.cleaned) if leases else (),
            residue=tuple(Residue(abn, what) for abn, what in leases.residue.items()) if leases else (),
        )

    def _written(self) -> Written | None:
        held = self._leases.held if self._leases else None
        if held is None:
            return None
        return Written(
            abn=held,
            legal_name=self._guide.legal_name,
            tax_type=TAX_TYPE,
            period=self._walk.period,
            deposits=DEPOSITS,
            payment_id=self._walk.payment_id,
            acknowledged_after=self._walk.acknowledged_after,
        )
