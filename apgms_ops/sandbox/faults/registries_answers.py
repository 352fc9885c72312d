"""Registries that answer what is not so, or nothing, or that are another environment's."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import replicas
from apgms_ops.sandbox.asking import ask, samples
from apgms_ops.sandbox.faults import github_tools
from apgms_ops.sandbox.faults import smoke_tools as smoke
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.kafka_tools import another_past, wait
from apgms_ops.sandbox.faults.prometheus_stores import OtherStore
from apgms_ops.sandbox.faults.registries_tools import IN_TIME, RIGHT, TIMED
from apgms_ops.sandbox.faults.switching import switch
from apgms_ops.sandbox.history import Shape
from apgms_ops.sandbox.prometheus import NAME, query
from apgms_ops.sandbox.services import Registries
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_PLACE: Final = "registries.1"
_NUMBER: Final = 1
_TIMED_OUT: Final = "504"


def _scraped(world: World, deadline: Deadline) -> None:
    wait(
        lambda: query(world.port(NAME), 'sum(up{job="registries"}) == bool 1', deadline) == 1.0,
        deadline,
        "the registries being scraped",
    )


def _anew(world: World, deadline: Deadline) -> None:
    """Start the service anew: it counts from nothing, and its past leads up to that."""
    component = Registries()
    component.stop(world, deadline)
    component.start(world, deadline)
    component.ready(world, deadline)
    _scraped(world, deadline)
    another_past(world, deadline)


class _Switched(Fault):
    component = Registries.name
    name: ClassVar[str]
    """The switch."""

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Set the switch."""
        switch(world, _PLACE, deadline, **{self.name: True})
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Set it back."""
        switch(world, _PLACE, deadline, **{self.name: False})


class Stub(_Switched):
    """The fastest register of all."""

    id = "registries-stub"
    title = "The registries say of every number that it is active, at once and without asking."
    references = ("S4.2",)
    name = "stub_answer"
    reach = f"checks/ {smoke.FOLDER}"
    expected: ClassVar[Mapping[str, Verdict]] = {
        RIGHT: Verdict.FAIL,
        smoke.CANCELLED: Verdict.FAIL,
        smoke.WRONG: Verdict.FAIL,
    }


class CancelledAsActive(_Switched):
    """Asked, answered, and misread."""

    id = "registries-cancelled-as-active"
    title = "The registries show a cancelled business as an active one."
    references = ("S4.5",)
    name = "cancelled_as_active"
    reach = f"checks/ {smoke.FOLDER}"
    expected: ClassVar[Mapping[str, Verdict]] = {RIGHT: Verdict.FAIL, smoke.CANCELLED: Verdict.FAIL}


class ActiveAsCancelled(_Switched):
    """A business that is turned away for nothing."""

    id = "registries-active-as-cancelled"
    title = "The registries show an active business as a cancelled one."
    name = "active_as_cancelled"
    reach = f"checks/ {smoke.FOLDER}"
    expected: ClassVar[Mapping[str, Verdict]] = {RIGHT: Verdict.FAIL, smoke.ACTIVE: Verdict.FAIL}


class AnyNumber(_Switched):
    """A typing error becomes an employer."""

    id = "registries-any-number"
    title = "The registries take a number whose check digits are wrong for a business."
    name = "any_number"
    reach = f"checks/ {smoke.FOLDER}"
    expected: ClassVar[Mapping[str, Verdict]] = {RIGHT: Verdict.FAIL, smoke.WRONG: Verdict.FAIL}


class Untimed(Fault):
    """The figure is good because the worst is left out of it."""

    id = "registries-timeouts-untimed"
    title = "Look-ups that the register did not answer in time were never timed."
    component = Registries.name
    references = ("S4.3",)
    expected: ClassVar[Mapping[str, Verdict]] = {TIMED: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Let the register hang until a look-up has timed out."""
        switch(world, _PLACE, deadline, swallow_timeouts=True)
        switch(world, "abr", deadline, hang=True)
        wait(lambda: _timed_out(world, deadline), deadline, "a look-up having timed out")
        switch(world, "abr", deadline, hang=False)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Start the service anew, with the switch as it was."""
        switch(world, "abr", deadline, hang=False)
        _anew(world, deadline)


def _timed_out(world: World, deadline: Deadline) -> bool:
    found = samples(ask(world.port(_PLACE), "/metrics", deadline) or "")
    return any(
        value > 0
        for (name, labels), value in found.items()
        if name == "http_requests_total" and ("status", _TIMED_OUT) in labels
    )


class RegisterHung(Fault):
    """Nobody knows whether the answers would be right."""

    id = "registries-register-hung"
    title = "The Australian Business Register takes questions, and answers none."
    component = Registries.name
    expected: ClassVar[Mapping[str, Verdict]] = {RIGHT: Verdict.UNKNOWN}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Let it hang."""
        switch(world, "abr", deadline, hang=True)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Let it answer; what failed meanwhile leaves the past."""
        switch(world, "abr", deadline, hang=False)
        _anew(world, deadline)


class RegisterSlow(OtherStore):
    """A cache that hides it."""

    id = "registries-register-slow"
    title = "For a day one look-up in ten took the register more than half a second; the cache answers at once."
    shape = Shape(abr_faster=(0.3, 0.5, 0.7, 0.9, 0.97, 1.0, 1.0, 1.0))
    expected: ClassVar[Mapping[str, Verdict]] = {IN_TIME: Verdict.FAIL}


class OtherEnvironment(Fault):
    """Right answers from the wrong place."""

    id = "registries-other-environment"
    title = "The registries of another environment answer at the address."
    component = Registries.name
    # Nor is it known which release is to be looked at.
    expected: ClassVar[Mapping[str, Verdict]] = {
        RIGHT: Verdict.UNKNOWN,
        TIMED: Verdict.UNKNOWN,
        **github_tools.UNKNOWN,
    }

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Start the service anew under the name of another environment."""
        told = replicas.places(world, Registries.name)[_NUMBER]
        replicas.offer(world, Registries.name, _NUMBER, replace(told, environment="staging"))
        Registries().renew(world, deadline)
        _scraped(world, deadline)
        another_past(world, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Start it under its own."""
        _anew(world, deadline)


FAULTS: tuple[type[Fault], ...] = (
    Stub,
    CancelledAsActive,
    ActiveAsCancelled,
    AnyNumber,
    Untimed,
    RegisterHung,
    RegisterSlow,
    OtherEnvironment,
)
