"""The checks of a site, read from its files."""

from pathlib import Path
from textwrap import dedent

import pytest

from apgms_ops.cli.docs import collected
from apgms_ops.compliance.coverage import Check
from apgms_ops.compliance.written import checks, written
from apgms_ops.environment.loading import load
from apgms_ops.errors import Unobserved

ROOT = Path(__file__).parents[2]


def site(folder: Path, text: str, name: str = "checks/test_a.py") -> Path:
    """Return a site with one file of checks."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text), encoding="utf-8")
    return folder


def test_what_is_read_is_what_pytest_collects() -> None:
    """Of our own checks, reading finds the same as pytest does: ids, promises, steps and controls."""

    def sorted_controls(found: tuple[Check, ...]) -> dict[str, tuple[str, str, int, tuple[str, ...]]]:
        return {one.id: (one.promise, one.section, one.step, tuple(sorted(one.controls))) for one in found}

    assert sorted_controls(checks(written(ROOT).values())) == sorted_controls(collected(ROOT))


def test_markers_are_found_wherever_they_stand(tmp_path: Path) -> None:
    """A marker of the file, of the class or of the check counts, under its own name or another; its own step wins."""
    text = '''
        import pytest
        STEP = pytest.mark.runbook("daily-checks", 4)
        pytestmark = [pytest.mark.runbook("daily-checks", 3), pytest.mark.control("audit-logging")]

        @STEP
        @pytest.mark.control("certification", "audit-logging")
        def test_a(one):
            """It holds."""

        class TestB:
            pytestmark = pytest.mark.control("authentication")

            def test_c(self, service):
                """So does it."""

            def helper(self): ...
    '''
    found = written(site(tmp_path, text, "smoke/deep/test_a.py"))
    assert checks(found.values()) == (
        Check("smoke/deep/test_a.py::test_a", "It holds.", "daily-checks", 4, ("audit-logging", "certification")),
        Check(
            "smoke/deep/test_a.py::TestB::test_c", "So does it.", "daily-checks", 3, ("audit-logging", "authentication")
        ),
    )
    assert [one.by_service for one in found.values()] == [False, True]


def test_a_check_by_service_is_made_for_those_with_its_objective() -> None:
    """What is judged once a service is judged for those services alone that have promised what it judges."""
    found = written(ROOT)
    environment = load(ROOT / "environments" / "sandbox.toml")
    rollout = found["checks/deployment/test_rollout.py::test_the_deployment_is_rolled_out"]
    latency = found["checks/service_levels/test_api_gateway.py::test_requests_are_answered_in_time"]
    assert tuple(rollout.services(environment)) == ("api-gateway", "audit", "payments", "registries")
    assert tuple(latency.services(environment)) == ("api-gateway",)
    assert rollout.by_service
    assert latency.by_service


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def test_a(:\n    ...\n", "checks/test_a.py:1"),
        ("@pytest.mark.control(*NAMES)\ndef test_a():\n    ...\n", "not written out"),
        ("from x import MARK\npytestmark = MARK\ndef test_a():\n    ...\n", "cannot be read: MARK"),
        ("@pytest.mark.runbook(3)\ndef test_a():\n    ...\n", "no section and step"),
        ("def helper():\n    ...\n", "no checks in"),
    ],
    ids=["no Python", "arguments from elsewhere", "a marker from elsewhere", "no step", "no check"],
)
def test_what_cannot_be_read_is_unknown(tmp_path: Path, text: str, said: str) -> None:
    """A check that is passed over would be missed by nobody."""
    with pytest.raises(Unobserved, match=said):
        checks(written(site(tmp_path, text)).values())
