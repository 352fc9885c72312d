"""`apgms-ops incident …` as people run it, on PagerDuty's stand-in: all of it, or a plain word of what is missing."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import fill
from apgms_ops.evidence.action import read_action
from apgms_ops.sandbox import pagerduty
from apgms_ops.sandbox.asking import require
from apgms_ops.sandbox.faults.pagerduty_tools import order
from apgms_ops.sandbox.world import World

pytestmark = pytest.mark.sandbox
ROOT = Path(__file__).parents[3]
COMMAND = (sys.executable, "-c", "import sys; from apgms_ops.cli import main; sys.exit(main())")
SUMMARY = "Payments stop: sbr.submit backs up"
DECLARE = ("declare", "--summary", SUMMARY, "--severity", "sev1", "--service", "payments")

Ended = "subprocess.CompletedProcess[str]"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def site(world: World, tmp_path: Path) -> Iterator[Path]:
    """A site whose environment is the stand-in's; what happened to PagerDuty is undone at the end."""
    folder = tmp_path / "environments"
    folder.mkdir()
    template = (ROOT / "environments" / "sandbox.toml").read_text(encoding="utf-8")
    values = {**world.values(), "incidents.folder": str(tmp_path / "incidents")}
    (folder / "estate.toml").write_text(fill(template, values, "sandbox.toml"), encoding="utf-8")
    yield tmp_path
    for one in records(world):
        order(world, "/remove", {"collection": "incidents", "wanted": {"id": one["id"]}}, Deadline(10))


@pytest.fixture
def run(site: Path) -> Run:
    """Runs `apgms-ops incident …` there, agreed to."""

    def run(*words: str, agreed: bool = True) -> "subprocess.CompletedProcess[str]":
        more = ("--yes", "--records", str(site / "records")) if agreed else ()
        return subprocess.run(
            [*COMMAND, "incident", *words, "--env", str(site / "environments" / "estate.toml"), *more],
            cwd=site,
            env=dict(os.environ),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )

    return run


def records(world: World) -> list[dict[str, Any]]:
    """Return every incident that the stand-in has."""
    answer = require(world.port(f"{pagerduty.NAME}.control"), "/records/incidents", Deadline(10))
    found: list[dict[str, Any]] = answer["records"]
    return found


def only(world: World) -> dict[str, Any]:
    """Return the one incident that there is."""
    (one,) = records(world)
    return one


def timeline(site: Path) -> str:
    """Return the text of the one timeline file."""
    (path,) = (site / "incidents").glob("*.md")
    return path.read_text(encoding="utf-8")


def outcomes(site: Path) -> list[str]:
    """Return what the records of commands say that came of them."""
    closes = [read_action(path)[1] for path in sorted((site / "records").iterdir())]
    return [str(close["outcome"]) for close in closes if close is not None]


def test_an_incident_is_declared_once(world: World, site: Path, run: Run) -> None:
    """Of high urgency, with its timeline; the same again changes nothing."""
    first = run(*DECLARE)
    assert (first.returncode, first.stderr) == (0, "")
    one = only(world)
    assert (one["urgency"], one["service"], one["title"]) == ("high", "PPAYMENTS", f"[SEV1] {SUMMARY}")
    text = timeline(site)
    assert f"# {SUMMARY}\n\n- Incident: {one['id']}\n- Severity: sev1\n- Service: payments\n" in text
    again = run(*DECLARE)
    assert again.returncode == 0
    assert f"PagerDuty has incident {one['number']}" in again.stdout
    assert (only(world), timeline(site)) == (one, text)


def test_nothing_happens_before_somebody_agrees(world: World, site: Path, run: Run) -> None:
    """--dry-run shows the calls; without a terminal and without --yes it is refused."""
    shown = run(*DECLARE, "--dry-run", agreed=False)
    assert shown.returncode == 0
    assert "/incidents: '[SEV1] Payments stop: sbr.submit backs up', service PPAYMENTS, urgency high" in shown.stdout
    refused = run(*DECLARE, agreed=False)
    assert refused.returncode == 4
    assert "nobody is there to ask" in refused.stderr
    assert (records(world), (site / "incidents").exists()) == ([], False)


def test_a_secret_is_declared_nowhere(world: World, site: Path, run: Run) -> None:
    """A tax file number in the summary reaches neither PagerDuty nor a file."""
    words = list(DECLARE)
    words[words.index(SUMMARY)] = "Export of 123 456 782"
    ended = run(*words)
    assert ended.returncode == 4
    assert "123 456 782" not in ended.stdout + ended.stderr
    assert (records(world), (site / "incidents").exists()) == ([], False)


def test_without_pagerduty_the_timeline_begins_and_is_finished_later(world: World, site: Path, run: Run) -> None:
    """It says what is missing and how to finish; the same again, with PagerDuty back, is whole, in the same file."""
    order(world, "/switches", {"fail": True}, Deadline(10))
    try:
        ended = run(*DECLARE)
    finally:
        order(world, "/switches", {"fail": False}, Deadline(10))
    assert ended.returncode == 1
    assert "MISSING: PagerDuty: " in ended.stdout
    assert "to finish, run it again:" in ended.stdout
    assert outcomes(site) == ["failed"]
    assert "- Incident:" not in timeline(site)
    again = run(*shlex.split(ended.stdout.rpartition("apgms-ops incident ")[2]))
    assert (again.returncode, again.stderr) == (0, "")
    assert f"- Incident: {only(world)['id']}\n" in timeline(site)


def test_a_pagerduty_that_hangs_holds_nothing_up(world: World, site: Path, run: Run) -> None:
    """The timeline begins within the deadline."""
    world.signal(pagerduty.NAME, signal.SIGSTOP)
    try:
        ended = run(*DECLARE, "--deadline", "6s")
    finally:
        world.signal(pagerduty.NAME, signal.SIGCONT)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "MISSING: PagerDuty: " in ended.stdout
    assert f"# {SUMMARY}" in timeline(site)


def test_another_account_is_not_told(world: World, site: Path, run: Run) -> None:
    """Good answers of an account that is not the pinned one: nothing is changed there, or written."""
    order(world, "/switches", {"account": "somebody-else"}, Deadline(10))
    try:
        ended = run(*DECLARE)
    finally:
        order(world, "/switches", {"account": ""}, Deadline(10))
    assert ended.returncode == 3
    assert "somebody-else, not the pinned apgms-sandbox" in ended.stderr
    assert (records(world), (site / "incidents").exists()) == ([], False)


def test_an_incident_that_calls_nobody_is_not_declared(world: World, run: Run) -> None:
    """PagerDuty took it, and somebody's rule made it of low urgency: that is missing, not done."""
    run(*DECLARE)
    order(world, "/edit", {"collection": "incidents", "wanted": {}, "values": {"urgency": "low"}}, Deadline(10))
    ended = run(*DECLARE)
    assert ended.returncode == 1
    assert "is of low urgency" in ended.stdout


def test_a_service_is_named_or_declared(run: Run) -> None:
    """One that is not known is told with those that are."""
    ended = run("declare", "--summary", SUMMARY, "--severity", "sev1", "--service", "bank")
    assert ended.returncode == 4
    assert "there are api-gateway, audit, payments, registries" in ended.stderr


def test_an_incident_goes_all_its_way(world: World, site: Path, run: Run) -> None:
    """Declared, noted, resolved, planned, reviewed: each in its places, and the file sound at the end."""
    run(*DECLARE, "--detected", (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds"))
    id_ = only(world)["id"]
    noted = run("note", id_, "--text", "The broker was restarted.")
    assert (noted.returncode, noted.stderr) == (0, "")
    notes = require(world.port(f"{pagerduty.NAME}.control"), "/records/notes", Deadline(10))["records"]
    assert [note["content"] for note in notes] == ["The broker was restarted."]
    early = run("review", "schedule", id_, "--at", "2026-11-28T10:00+11:00")
    assert early.returncode == 4
    assert "does not say when the incident was resolved" in early.stderr
    resolved = run("resolve", id_, "--text", "Lag is gone.")
    assert (resolved.returncode, resolved.stderr) == (0, "")
    assert "its review is due within 2d" in resolved.stdout
    assert only(world)["status"] == "resolved"
    once = timeline(site)
    assert run("resolve", id_, "--text", "Lag is gone.").returncode == 0
    assert timeline(site) == once
    late = (datetime.now(UTC) + timedelta(hours=72)).isoformat(timespec="seconds")
    refused = run("review", "schedule", id_, "--at", late)
    assert refused.returncode == 4
    assert "is too late: it must be held within 2d" in refused.stderr
    soon = (datetime.now(UTC) + timedelta(hours=24)).isoformat(timespec="seconds")
    assert run("review", "schedule", id_, "--at", soon).returncode == 0
    assert run("breach", id_, "--ato-notified", datetime.now(UTC).isoformat(timespec="seconds")).returncode == 0
    held = run("review", "hold", id_, "--outcome", "The disk was full. Two actions, each with an owner.")
    assert (held.returncode, held.stderr) == (0, "")
    shown = run("timeline", id_, agreed=False)
    assert shown.returncode == 0, shown.stdout
    assert "WRONG" not in shown.stdout
    assert "Resolved: Lag is gone." in shown.stdout
    assert "The disk was full." in timeline(site)


def test_a_note_with_a_secret_is_written_nowhere(world: World, site: Path, run: Run) -> None:
    """Neither in the file, nor at PagerDuty, nor on the terminal."""
    run(*DECLARE)
    before = timeline(site)
    ended = run("note", only(world)["id"], "--text", "the key is AKIAIOSFODNN7EXAMPLE")
    assert ended.returncode == 4
    assert "AKIAIOSFODNN7EXAMPLE" not in ended.stderr
    assert timeline(site) == before
    notes = require(world.port(f"{pagerduty.NAME}.control"), "/records/notes", Deadline(10))["records"]
    assert all("AKIA" not in note["content"] for note in notes)


def test_an_end_with_a_secret_is_no_end(world: World, run: Run) -> None:
    """What may not be written down is refused before the incident is resolved."""
    run(*DECLARE)
    ended = run("resolve", only(world)["id"], "--text", "deleted the export of 123 456 782")
    assert ended.returncode == 4
    assert "123 456 782" not in ended.stdout + ended.stderr
    assert only(world)["status"] == "triggered"


def test_a_note_that_pagerduty_did_not_take_is_finished_later(world: World, site: Path, run: Run) -> None:
    """It is in the file; the same again, with its time, is there once, in both places."""
    run(*DECLARE)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    words = ("note", only(world)["id"], "--text", "Traffic was turned away.", "--at", at)
    order(world, "/switches", {"rate_limited": True}, Deadline(10))
    try:
        ended = run(*words, "--deadline", "5s")
    finally:
        order(world, "/switches", {"rate_limited": False}, Deadline(10))
    assert ended.returncode == 1
    assert "MISSING: the note at PagerDuty" in ended.stdout
    assert run(*words).returncode == 0
    assert timeline(site).count("Traffic was turned away.") == 1


def test_an_unknown_incident_is_told_with_the_last_files(world: World, run: Run) -> None:
    """Whoever mistypes it sees what there is."""
    run(*DECLARE)
    ended = run("timeline", "PNOTTHERE", agreed=False)
    assert ended.returncode == 4
    assert "of incident PNOTTHERE" in ended.stderr
    assert "payments-stop-sbr-submit-backs-up.md" in ended.stderr
    assert only(world)["status"] == "triggered"


def test_diagnostics_begin_where_the_timeline_says(world: World, site: Path, run: Run) -> None:
    """An incident of two hours ago is not looked at for half an hour; one without a timeline is refused."""
    detected = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    run(*DECLARE, "--detected", detected.isoformat())
    more = ("--no-checks", "--deadline", "20s", "--output", str(site / "bundle.zip"))
    ended = run("diagnose", "--incident", only(world)["id"], *more, agreed=False)
    sydney = detected.astimezone(ZoneInfo("Australia/Sydney"))
    assert f"what happened since {sydney:%Y-%m-%d %H:%M:%S}" in ended.stdout
    assert ended.returncode == 10, "no cluster answers here, and the bundle says so"
    assert (site / "bundle.zip").is_file()
    refused = run("diagnose", "--incident", "PNOTTHERE", "--no-checks", agreed=False)
    assert refused.returncode == 4
    assert "say --since" in refused.stderr
