"""Compliance, step 4: every waiver is in force, or to come, and excuses what there is."""

import pytest

from apgms_ops.probes.site_waivers import SiteWaivers

pytestmark = pytest.mark.runbook("compliance", 4)


def test_no_waiver_has_expired(waivers_in_force: SiteWaivers) -> None:
    """No waiver of this environment that is over is still listed: its check is mended, or another was asked for."""
    assert not waivers_in_force.expired()


def test_every_waiver_names_a_check(waivers_in_force: SiteWaivers) -> None:
    """Every waiver of this environment names a check that there is, and of one that is judged by service, which."""
    assert not waivers_in_force.astray()


def test_every_waiver_names_an_environment(waivers_in_force: SiteWaivers) -> None:
    """No waiver is for an environment that there is not."""
    assert not waivers_in_force.nowhere()
