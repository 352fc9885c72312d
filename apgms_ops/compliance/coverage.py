"""Which check stands for which step of the runbook, and what is missing between them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from apgms_ops.compliance.controls import Controls
from apgms_ops.compliance.runbook import Runbook
from apgms_ops.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Check:
    """A collected check: its node id without parameters, its promise, and what it stands for."""

    id: str
    promise: str
    section: str
    step: int
    controls: tuple[str, ...] = ()


def parse_plan(text: str) -> tuple[Check, ...]:
    """Read the plan that pytest writes with `--plan-json`; what differs by parameters alone is one check.

    Raises:
        ConfigurationError: It is not such a plan.
    """
    try:
        checks = {check.id: check for check in map(_check, json.loads(text))}
    except (ValueError, KeyError, TypeError) as error:
        msg = f"not a plan of checks: {type(error).__name__}: {error}"
        raise ConfigurationError(msg) from error
    return tuple(checks.values())


def _check(data: dict[str, Any]) -> Check:
    section, step = data["runbook"]
    return Check(data["id"].partition("[")[0], data["promise"], section, step, tuple(data["controls"]))


def gaps(runbook: Runbook, controls: Controls, checks: Iterable[Check]) -> list[str]:
    """Return what does not fit together, a sentence each; empty where every step and check has its counterpart."""
    covered: set[tuple[str, int]] = set()
    found: list[str] = []
    for check in checks:
        try:
            runbook.step(check.section, check.step)
            for name in check.controls:
                controls.control(name)
        except ConfigurationError as error:
            found.append(f"{check.id}: {error}")
        covered.add((check.section, check.step))
    for section in runbook.sections:
        for step in section.steps:
            done = (section.name, step.number) in covered or step.command is not None
            if not done and not step.planned:
                found.append(f"{section.name} {step.number} ({step.title}): neither a check nor a command")
            if done and step.planned:
                found.append(f"{section.name} {step.number} ({step.title}): still marked planned, but it is there")
    return found
