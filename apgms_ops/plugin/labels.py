"""Tells allure-pytest, while a check runs, what the report is to say about it."""

import json
from collections.abc import Iterable

import allure

from apgms_ops.environment.limits import Limits
from apgms_ops.observation import Observation
from apgms_ops.plugin.collection import PlannedCheck
from apgms_ops.reports.allure import CHECK_LABEL, RUN_LABEL
from apgms_ops.reports.pictures import picture
from apgms_ops.reports.tables import tables


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


def attach(observations: Iterable[Observation], limits: Limits) -> None:
    """Attach what the check judges: each observation as JSON, its records as tables, a picture where there is one."""
    for observation in observations:
        text = json.dumps(observation.to_json(), indent=1, ensure_ascii=False)
        drawn = picture(observation, limits)
        if drawn is not None:
            allure.attach(drawn, f"{observation.probe}", allure.attachment_type.SVG)
        for name, table in tables(observation.facts):
            allure.attach(table, f"{observation.probe}: {name}", allure.attachment_type.CSV)
        allure.attach(text, f"{observation.probe}: observation", allure.attachment_type.JSON)
