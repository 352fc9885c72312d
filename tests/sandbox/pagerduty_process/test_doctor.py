"""What `apgms-ops doctor` asks of PagerDuty before the first run."""

import os
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.doctor.findings import Told
from apgms_ops.doctor.targets import targets_of
from apgms_ops.environment.loading import load, read_secrets, secrets_of
from apgms_ops.errors import AccessDenied
from apgms_ops.estate import Estate
from apgms_ops.observation import Recorder
from apgms_ops.redact import Redactor
from apgms_ops.sandbox.faults.pagerduty_tools import order
from apgms_ops.sandbox.world import World

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.sandbox


def asked(world: World) -> Told:
    """Return what it says of itself."""
    environment = load(ROOT / "environments/sandbox.toml", world.values())
    (target,) = [target for target in targets_of(environment) if target.name == "pagerduty"]
    assert target.wanted.pinned == "apgms-sandbox"
    recorder = Recorder(Redactor())
    estate = Estate(environment, read_secrets(secrets_of(environment, ["oncall"]), os.environ), recorder)
    return target.ask(estate, recorder, Deadline(10))


def test_the_account_and_what_may_be_read_are_told(world: World) -> None:
    """Its own name, and every permission granted."""
    told = asked(world)
    assert told.identity == "apgms-sandbox"
    assert len(told.permissions) == 3
    assert all(permission.granted for permission in told.permissions)


def test_a_token_that_is_refused_is_said_so(world: World) -> None:
    """401 is no identity."""
    order(world, "/switches", {"refuse_token": True}, Deadline(10))
    try:
        with pytest.raises(AccessDenied):
            asked(world)
    finally:
        order(world, "/switches", {"refuse_token": False}, Deadline(10))
