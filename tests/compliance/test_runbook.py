"""The packaged runbook and controls, and what fits to them."""

import json
from pathlib import Path

import pytest

from apgms_ops.cli.docs import collected, runbook_page
from apgms_ops.compliance import load_controls, load_runbook
from apgms_ops.compliance.coverage import Check, gaps, parse_plan
from apgms_ops.compliance.render import markdown
from apgms_ops.errors import ConfigurationError

ROOT = Path(__file__).parents[2]
LAG = Check("checks/a.py::test_lag", "No group <is> behind.", "daily-checks", 3, ("audit-logging",))
BUDGET = Check("checks/b.py::test_budget", "Budget is left.", "daily-checks", 4)
LEVELS = [
    Check(f"checks/{file}.py::test_{step}", "It holds.", section, step)
    for file, section, last in (
        ("s", "service-overview", 4),
        ("o", "daily-checks", 1),
        ("p", "deployment-procedure", 5),
        ("b", "backups", 3),
        ("c", "compliance", 4),
    )
    for step in range(1, last + 1)
] + [Check(f"checks/i.py::test_{step}", "It holds.", "incident-response", step) for step in (2, 5)]


def test_the_controls_are_the_twelve_of_the_framework() -> None:
    """There are twelve controls, and a name that is none of them lists those that are."""
    controls = load_controls()
    assert len(controls.names) == 12
    assert controls.control("audit-logging").asks
    with pytest.raises(ConfigurationError, match=r"'logging'.*audit-logging, authentication"):
        controls.control("logging")


@pytest.mark.parametrize(
    ("section", "number", "said"),
    [
        ("daily", 1, "no section 'daily': there are service-overview, daily-checks"),
        ("daily-checks", 5, r"no step 5: there are 1 \(On-call and contacts\)"),
        ("daily-checks", 0, "no step 0"),
        ("daily-checks", True, "no step True"),
        ("daily-checks", "3", "no step '3'"),
    ],
)
def test_a_step_that_does_not_exist_lists_those_that_do(section: str, number: int, said: str) -> None:
    """A section or step that the runbook does not have is an error that lists what it has."""
    with pytest.raises(ConfigurationError, match=said):
        load_runbook().step(section, number)


def test_a_step_is_found_by_section_and_number() -> None:
    """A step is found, with its title."""
    assert load_runbook().step("daily-checks", 3).title == "Kafka lag"


def test_nothing_is_missing_when_every_step_has_its_check() -> None:
    """Checks for every step that is not planned leave no gap."""
    assert gaps(load_runbook(), load_controls(), [*LEVELS, LAG, BUDGET]) == []


def test_a_step_without_a_check_is_a_gap() -> None:
    """A step that is not planned, and has neither check nor command, is named."""
    assert gaps(load_runbook(), load_controls(), [*LEVELS, LAG]) == [
        "daily-checks 4 (Error budget): neither a check nor a command"
    ]


def test_a_check_without_a_step_is_a_gap() -> None:
    """A check that names a step or control that does not exist is named."""
    stray = Check("checks/c.py::test_c", "x", "daily-checks", 9)
    odd = Check("checks/d.py::test_d", "x", "daily-checks", 3, ("nonsense",))
    said = gaps(load_runbook(), load_controls(), [*LEVELS, LAG, BUDGET, stray, odd])
    assert [text.partition(":: ")[0][:11] for text in said] == ["checks/c.py", "checks/d.py"]


def test_a_step_that_is_there_is_no_longer_planned() -> None:
    """A planned step that has a check must lose its mark."""
    early = Check("checks/c.py::test_c", "x", "daily-checks", 2)
    assert gaps(load_runbook(), load_controls(), [*LEVELS, LAG, BUDGET, early]) == [
        "daily-checks 2 (Overnight alerts): still marked planned, but it is there"
    ]


def test_a_plan_is_read_without_parameters() -> None:
    """Checks that differ by their parameters alone are one check of the runbook."""
    entry = {"promise": "p", "runbook": ["daily-checks", 4], "controls": [], "probes": ["x"]}
    plan = json.dumps([{**entry, "id": f"checks/b.py::test_b[{s}]"} for s in ("audit", "payments")])
    assert parse_plan(plan) == (Check("checks/b.py::test_b", "p", "daily-checks", 4),)


@pytest.mark.parametrize(
    "text", ["", "{}x", "[1]", '[{"id": "x"}]', '[{"id":"x","promise":"p","runbook":[1],"controls":[]}]']
)
def test_what_is_no_plan_is_refused(text: str) -> None:
    """A plan that is malformed is an error, not a page with less on it."""
    with pytest.raises(ConfigurationError, match="not a plan"):
        parse_plan(text)


def test_the_page_is_the_same_in_any_order_of_checks() -> None:
    """The page depends on the checks, not on their order, and a promise cannot write markup."""
    runbook, controls = load_runbook(), load_controls()
    page = markdown(runbook, controls, [*LEVELS, LAG, BUDGET])
    assert page == markdown(runbook, controls, [BUDGET, LAG, *reversed(LEVELS)])
    assert r"No group \<is\> behind." in page
    assert "supplied by hand" in page
    assert "none yet: a gap" in page


def test_the_runbook_page_is_current() -> None:
    """docs/runbook.md is what runbook and checks say, and no step is unanswered: else run `apgms-ops docs runbook`."""
    page = ROOT / "docs" / "runbook.md"
    assert page.read_text(encoding="utf-8") == runbook_page(collected(ROOT))
