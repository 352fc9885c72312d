"""`incident diagnose` on the whole sandbox, as a person runs it in an incident."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.breaking import Breaker
from apgms_ops.sandbox.composition import platform
from apgms_ops.sandbox.faults import by_id
from apgms_ops.sandbox.world import World

pytestmark = pytest.mark.sandbox

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-c", "import sys; from apgms_ops.cli import main; sys.exit(main())")
CANARIES = (
    "hunter2-Tr0ub4dor",
    "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLWJ5dGVz",
    "AKIAIOSFODNN7EXAMPLE",
    "123 456 782",
)
SAID = {"level": "error", "password": CANARIES[0], "why": " ".join(CANARIES[1:]), "cents": 123_456_783}
LINE = f"{json.dumps(SAID, separators=(',', ':'))}\n"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A sandbox of this module, one of whose services has logged what it must not."""
    root = tmp_path_factory.mktemp("diagnosed") / "sandbox"
    lease = platform(root, ROOT / "environments" / "sandbox.toml", lambda _: None).attach_or_start(Deadline(300))
    try:
        logs = [path for path in root.rglob("*.log") if '"service":"payments"' in path.read_text(errors="replace")]
        assert logs
        for path in logs:
            with path.open("a", encoding="utf-8") as file:
                file.write(LINE)
        yield lease.world
    finally:
        lease.release()


def diagnose(world: World, output: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    """Run the command: the incident began two hours ago."""
    since = (datetime.now(UTC) - timedelta(hours=2)).isoformat(timespec="seconds")
    return subprocess.run(
        [*COMMAND, "incident", "diagnose", "--env=sandbox", f"--since={since}", f"--output={output}", *more],
        cwd=ROOT,
        env=os.environ | {"APGMS_SANDBOX": str(world.root)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_a_bundle_has_every_log_and_no_secret(world: World, tmp_path: Path) -> None:
    """All pods' logs are there, whole, and the run of the checks; no secret that was logged is in any byte of it."""
    path = tmp_path / "bundle.zip"
    done = diagnose(world, path)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(path) as bundle:
        files = {name: bundle.read(name) for name in bundle.namelist()}
    manifest = json.loads(files["manifest.json"])
    assert manifest["identities"]["kubernetes"] == world.get("kubernetes.uid")
    assert [each for each in manifest["pieces"] if each["missing"]] == []
    pods = {name.split("/")[1] for name in files if name.startswith("logs/")}
    assert {pod.rsplit("-", 2)[0] for pod in pods} >= {"api-gateway", "payments", "registries", "audit"}
    told = b"".join(files.values()) + (done.stdout + done.stderr).encode()
    assert [canary for canary in CANARIES if canary.encode() in told] == []
    (payments,) = [name for name in files if name.startswith("logs/payments-")]
    assert b'"password":"********"' in files[payments]
    assert b'"cents":123456783' in files[payments]
    assert b"PASS" in files["checks/verdicts.txt"]
    assert any(name.startswith("checks/observations/") for name in files)
    assert b"Deployment/payments" in files["rollouts.txt"]


def test_a_container_that_was_restarted_has_both_its_logs(world: World, tmp_path: Path) -> None:
    """The log of the run before is there: after a restart the answer is in it."""
    breaker, fault = Breaker(world, by_id()), "deployment-crashed-later"
    breaker.break_(fault, Deadline(120))
    try:
        done = diagnose(world, tmp_path / "bundle.zip", "--no-checks")
    finally:
        breaker.heal(fault, Deadline(120))
    assert done.returncode in {0, 10}, done.stdout + done.stderr
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        before = [name for name in bundle.namelist() if name.endswith(".previous.log")]
        assert before
        assert all(bundle.read(name) for name in before)


def test_what_still_answers_is_bundled(world: World, tmp_path: Path) -> None:
    """With the API server gone there is a bundle of the rest, which says what could not be had; exit code 10."""
    breaker, fault = Breaker(world, by_id()), "kubernetes-killed"
    breaker.break_(fault, Deadline(120))
    try:
        done = diagnose(world, tmp_path / "bundle.zip")
    finally:
        breaker.heal(fault, Deadline(120))
    assert done.returncode == 10, done.stdout + done.stderr
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        page = bundle.read("index.html").decode()
        verdicts = bundle.read("checks/verdicts.txt").decode()
    assert "the cluster&#x27;s pods, events and logs" in page
    assert "PASS     checks/daily/test_consumer_lag.py" in verdicts


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kubernetes = "{uid}"', 'kubernetes = "another-cluster"', "not the pinned another-cluster"),
        ('namespace = "platform"', 'namespace = "observability"', "grant list on pods in namespace observability"),
    ],
)
def test_the_wrong_place_does_not_pass_for_everything(
    world: World, tmp_path: Path, old: str, new: str, said: str
) -> None:
    """Another cluster than the pinned one is not collected from, nor one that lets nobody in: exit code 10."""
    text = (world.root / "sandbox.toml").read_text(encoding="utf-8")
    old = old.format(uid=world.get("kubernetes.uid"))
    assert old in text
    file = tmp_path / "elsewhere.toml"
    file.write_text(text.replace(old, new), encoding="utf-8")
    done = diagnose(world, tmp_path / "bundle.zip", "--no-checks", f"--env={file}")
    assert done.returncode == 10, done.stdout + done.stderr
    assert said in done.stdout
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        assert [name for name in bundle.namelist() if name.startswith("logs/")] == []
        assert said in bundle.read("index.html").decode()


@pytest.mark.parametrize(
    ("since", "said"),
    [
        ("yesterday", "expected a time with its zone"),
        ("2026-11-27T09:30", "expected a time with its zone"),
        ("2126-11-27T09:30+11:00", "that is in the future"),
    ],
)
def test_a_time_that_cannot_be_is_refused(tmp_path: Path, since: str, said: str) -> None:
    """A time without a zone, or in the future, collects nothing."""
    command = [*COMMAND, "incident", "diagnose", "--env=sandbox", f"--since={since}", f"--output={tmp_path / 'b.zip'}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 4
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []
