"""The places of a service: which replica has which ports, and how a process is started in one of them.

A service's component says what a process in a place is told (its template); whoever starts one there, the component
itself or the node of the cluster, adds which release it is, and its pod's address.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from apgms_ops.sandbox.service_process.settings import Settings
from apgms_ops.sandbox.world import World

_PROGRAM: Final = "apgms_ops.sandbox.service_process"
# Counters without their companions `…_created`, which nobody here reads.
_ENVIRONMENT: Final = {"PROMETHEUS_DISABLE_CREATED_SERIES": "true", "PYTHONUNBUFFERED": "1"}
_TEMPLATE: Final = "place-{}.json"


def offer(world: World, component: str, number: int, settings: Settings) -> None:
    """Say what a process in a place of a component is told."""
    draft = _template(world, component, number).with_suffix(".draft")
    settings.write(draft)
    draft.replace(_template(world, component, number))


def withdraw(world: World, component: str, number: int) -> None:
    """Take a place away."""
    _template(world, component, number).unlink(missing_ok=True)


def places(world: World, component: str) -> dict[int, Settings]:
    """Return the places of a component, by number."""
    found = (world.root / component).glob(_TEMPLATE.format("*"))
    numbers = sorted(int(path.stem.rpartition("-")[2]) for path in found)
    return {number: Settings.read(_template(world, component, number)) for number in numbers}


def start(world: World, component: str, settings: Settings, environment: Mapping[str, str] | None = None) -> int:
    """Start a process with these settings, named as its instance, and return its pid."""
    path = world.folder(component) / f"{settings.instance}.json"
    settings.write(path)
    env = {**(environment or {}), **_ENVIRONMENT}
    return world.spawn(component, [sys.executable, "-m", _PROGRAM, str(path)], env=env, process=settings.instance)


def _template(world: World, component: str, number: int) -> Path:
    return world.folder(component) / _TEMPLATE.format(number)
