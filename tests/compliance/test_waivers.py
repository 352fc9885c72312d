"""Waivers: somebody answers for each, for a while; what is malformed is named."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apgms_ops.compliance.waivers import excuse, load_waivers, troubles
from apgms_ops.errors import EnvironmentInvalid

CHECK = "checks/daily/test_lag.py::test_lag"
ISSUED = datetime(2026, 11, 26, tzinfo=UTC)
DAY = timedelta(days=1)
FIELDS = {
    "check": f'"{CHECK}"',
    "environments": '["production"]',
    "reason": '"INC-123"',
    "owner": '"payments"',
    "approver": '"head of operations"',
    "issued": "2026-11-26T00:00:00Z",
    "expires": "2026-12-10T00:00:00Z",
    "link": '"https://github.example/apgms/platform/pull/1"',
}


def write(folder: Path, *changes: Mapping[str, str | None]) -> Path:
    """Write a file with a waiver for each change of the usual one."""
    text = ""
    for change in changes:
        lines = [f"{key} = {value}" for key, value in {**FIELDS, **change}.items() if value is not None]
        text += "\n".join(["[[waivers]]", *lines, ""])
    (folder / "waivers.toml").write_text(text)
    return folder


def test_no_file_is_no_waiver(tmp_path: Path) -> None:
    """A site without the file waives nothing."""
    assert load_waivers(tmp_path).waivers == ()


def test_a_waiver_counts_in_its_environment_and_its_time_alone(tmp_path: Path) -> None:
    """It is in force from the moment it is issued until the one at which it expires, where it says."""
    found = load_waivers(write(tmp_path, {}))
    assert found.of("staging") == ()
    (waiver,) = found.of("production")
    assert [waiver.in_force(ISSUED + days * DAY) for days in (-1, 0, 13, 14)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("at", "check", "excused"),
    [
        (ISSUED + DAY, CHECK, True),
        (ISSUED + DAY, f"{CHECK}[x]", False),
        (ISSUED - DAY, CHECK, False),
        (ISSUED + 14 * DAY, CHECK, False),
        (ISSUED + 14 * DAY - timedelta(seconds=1), CHECK, False),
    ],
    ids=["in force", "another check", "not yet", "expired", "expires while it is judged"],
)
def test_a_waiver_in_force_excuses_its_own_check(tmp_path: Path, at: datetime, check: str, excused: bool) -> None:  # noqa: FBT001 — a parameter
    """Whatever is not the waived check, in its time, stays a FAIL."""
    recorded = [waiver.recorded() for waiver in load_waivers(write(tmp_path, {})).waivers]
    assert (excuse(recorded, check, at) is not None) is excused


@pytest.mark.parametrize(("approval", "excused"), [("proven", True), ("unproven", True), ("refused", False)])
def test_a_waiver_that_its_approver_refused_excuses_nothing(tmp_path: Path, approval: str, excused: bool) -> None:  # noqa: FBT001 — a parameter
    """What is known not to be approved is void, and said to be so; what could not be found out is not."""
    (waiver,) = load_waivers(write(tmp_path, {})).waivers
    recorded = [waiver.recorded() | {"approval": approval}]
    assert (excuse(recorded, CHECK, ISSUED + DAY) is not None) is excused
    said = list(troubles(recorded, {CHECK: "FAIL"}, ISSUED + DAY))
    assert [line.startswith("REFUSED, head of operations did not approve it") for line in said] == [True] * (
        not excused
    )


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"owner": None}, "owner"),
        ({"expires": "2026-12-10T00:00:00"}, "zone"),
        ({"expires": "2026-11-25T00:00:00Z"}, "later than issued"),
        ({"expires": "2027-11-26T00:00:00Z"}, "at most 90d after issued"),
        ({"approver": '"Payments"'}, "somebody else than the owner"),
        ({"environments": "[]"}, "environments"),
        ({"link": '"javascript:alert(1)"'}, "link"),
        ({"forever": "true"}, "forever"),
        ({"reason": '"\\u001b[2J"'}, "reason"),
    ],
)
def test_a_malformed_waiver_is_named(tmp_path: Path, change: dict[str, str | None], named: str) -> None:
    """What a waiver lacks, or says too much, is one clear line with the file and the key."""
    with pytest.raises(EnvironmentInvalid, match=named) as caught:
        load_waivers(write(tmp_path, change))
    assert "waivers.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("longest", "expires", "refused"),
    [
        ("14d", "2026-12-10T00:00:00Z", ""),
        ("13d", "2026-12-10T00:00:00Z", "at most 13d after issued"),
        ("180d", "2027-05-20T00:00:00Z", ""),
        ("366d", "2026-12-10T00:00:00Z", "longest: a year at most"),
    ],
)
def test_a_site_says_how_long_a_waiver_lasts(tmp_path: Path, longest: str, expires: str, refused: str) -> None:
    """`longest` takes the place of 90 days, and is itself bounded by a year."""
    folder = write(tmp_path, {"expires": expires})
    file = folder / "waivers.toml"
    file.write_text(f'longest = "{longest}"\n{file.read_text()}')
    if refused:
        with pytest.raises(EnvironmentInvalid, match=refused):
            load_waivers(folder)
    else:
        assert len(load_waivers(folder).waivers) == 1


def test_two_waivers_of_one_check_at_once_are_refused(tmp_path: Path) -> None:
    """Which of two would count is not for the tool to choose; one after the other is sound."""
    with pytest.raises(EnvironmentInvalid, match="waived twice at the same time"):
        load_waivers(write(tmp_path, {}, {}))
    later = {"issued": "2026-12-10T00:00:00Z", "expires": "2026-12-20T00:00:00Z"}
    assert len(load_waivers(write(tmp_path, {}, later)).waivers) == 2


@pytest.mark.parametrize(
    ("at", "verdict", "told"),
    [
        (ISSUED + DAY, "WAIVED", []),
        (ISSUED + DAY, "PASS", ["unused, the check PASSES"]),
        (ISSUED - DAY, "FAIL", ["not in force before"]),
        (ISSUED + 20 * DAY, "FAIL", ["EXPIRED at"]),
    ],
)
def test_what_is_to_be_done_about_a_waiver_is_told(tmp_path: Path, at: datetime, verdict: str, told: list[str]) -> None:
    """One that is over, not yet in force, or excuses nothing is said; one that is needed is not."""
    recorded = [waiver.recorded() for waiver in load_waivers(write(tmp_path, {})).waivers]
    lines = list(troubles(recorded, {CHECK: verdict}, at))
    assert len(lines) == len(told)
    assert all(line.startswith(start) for line, start in zip(lines, told, strict=True))
