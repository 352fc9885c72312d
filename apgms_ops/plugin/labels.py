"""Tells allure-pytest, while a check runs, what the report is to say about it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import allure

from apgms_ops.environment.model import Environment, Smoke
from apgms_ops.observation import Observation
from apgms_ops.plugin.collection import PlannedCheck
from apgms_ops.reports.allure import CHECK_LABEL, RUN_LABEL
from apgms_ops.reports.pictures import picture
from apgms_ops.reports.tables import tables


@dataclass(frozen=True, slots=True)
class Attachment:
    """What is attached to every check that judges an observation."""

    text: str
    name: str
    kind: allure.attachment_type


def label(check: PlannedCheck, environment: str, run: str) -> None:
    """Give the running check its title, its labels, and its environment as a parameter.

    Without that parameter the same check in two environments would be merged as a retry. Markers that have arguments
    are not turned into labels by allure-pytest, so ours are set here.
    """
    name = check.promise if check.service is None else f"{check.promise} ({check.service})"
    allure.dynamic.title(name)
    allure.dynamic.description(f"Runbook, {check.section} {check.step}: {check.step_title}.")
    allure.dynamic.parameter("environment", environment)
    allure.dynamic.feature(check.section)
    allure.dynamic.story(f"{check.step}. {check.step_title}")
    allure.dynamic.label(CHECK_LABEL, check.id)
    allure.dynamic.label(RUN_LABEL, run)
    allure.dynamic.label("runbook", f"{check.section} {check.step}")
    for control in check.controls:
        allure.dynamic.label("control", control)
        allure.dynamic.tag(f"control:{control}")
    if check.service is not None:
        allure.dynamic.label("service", check.service)


def attachments(observation: Observation, environment: Environment) -> tuple[Attachment, ...]:
    """Return what shows an observation: itself as JSON, its records as tables, a picture where there is one."""
    probe = observation.probe
    smoke = environment.smoke if isinstance(environment.smoke, Smoke) else None
    drawn = picture(observation, environment.limits, environment.deployment, smoke)
    shown = [] if drawn is None else [Attachment(drawn, probe, allure.attachment_type.SVG)]
    for name, table in tables(observation.facts):
        shown.append(Attachment(table, f"{probe}: {name}", allure.attachment_type.CSV))
    text = json.dumps(observation.to_json(), indent=1, ensure_ascii=False)
    return (*shown, Attachment(text, f"{probe}: observation", allure.attachment_type.JSON))


def attach(shown: Iterable[Attachment]) -> None:
    """Attach to the check that runs what it judges."""
    for one in shown:
        allure.attach(one.text, one.name, one.kind)
