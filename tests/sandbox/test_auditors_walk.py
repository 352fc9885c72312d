"""An auditor's walk, on a run over the sandbox: from the archive to what was observed for one control, and again."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from apgms_ops.evidence.run import read_run
from apgms_ops.sandbox.world import World
from tests.faults.looking import ROOT

pytestmark = pytest.mark.sandbox

COMMAND = (sys.executable, "-c", "import sys; from apgms_ops.cli import main; sys.exit(main())")
CONTROL = "audit-logging"
CHECKS = ("checks/service_levels/test_audit.py", "checks/daily/test_consumer_lag.py")
"""What evidences the control, but for the journey."""


class Auditor:
    """Somebody with the public keys, in a folder of their own; and the site whose runs these are."""

    def __init__(self, root: Path, folder: Path) -> None:
        """Take where the sandbox is."""
        self.root = root
        self.folder = folder

    def apgms_ops(self, *arguments: str, cwd: Path = ROOT) -> str:
        """Run a command, and return what it said."""
        done = self._run([*COMMAND, *arguments], cwd)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def checks(self) -> str:
        """Run the checks of the control, and return the run's id."""
        done = self._run(
            [sys.executable, "-m", "pytest", *CHECKS, "--env", "sandbox", "-q", "-p", "no:cacheprovider"], ROOT
        )
        assert done.returncode == 0, done.stdout + done.stderr
        line = next(line for line in done.stdout.splitlines() if line.startswith("evidence "))
        return Path(line.split()[1].rstrip(",")).name

    def _run(self, command: list[str], cwd: Path) -> "subprocess.CompletedProcess[str]":
        environ = os.environ | {"APGMS_SANDBOX": str(self.root)}
        return subprocess.run(
            command,
            cwd=cwd,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )


@pytest.fixture(scope="module")
def auditor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Auditor]:
    """A sandbox that is up."""
    folder = tmp_path_factory.mktemp("audit")
    root = folder / "sandbox"
    auditor = Auditor(root, folder)
    try:
        auditor.apgms_ops("sandbox", "up")
        yield auditor
    finally:
        auditor.apgms_ops("sandbox", "down")


def test_from_the_archive_to_what_was_observed_for_a_control(auditor: Auditor, tmp_path: Path) -> None:
    """Run → push → pull → bundle → verify → the control → its checks → raw observations → the same verdicts again."""
    name = auditor.checks()
    environment = World(auditor.root).root / "sandbox.toml"
    assert f"stored 1 of 1: {name}" in auditor.apgms_ops("evidence", "push", name, "--env", "sandbox", "--yes")
    pulled = tmp_path / "pulled"
    auditor.apgms_ops("evidence", "pull", name, "--env", "sandbox", "--to", str(pulled))
    run = pulled / "sandbox" / "runs" / name
    bundle = tmp_path / "audit.zip"
    chain = str(pulled / "sandbox" / "chain")
    auditor.apgms_ops("evidence", "bundle", str(run), "--env", "sandbox", "--chain", chain, "-o", str(bundle))
    keys = [World(auditor.root).get(key) for key in ("evidence.public_key", "timestamps.ca_file")]
    trusted = [part for key in keys for part in ("--trust", key)]
    assert environment.is_file()

    said = auditor.apgms_ops("evidence", "verify", str(bundle), *trusted, "--require-timestamp", cwd=tmp_path)
    assert said.startswith("HOLDS    1 runs of sandbox")
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path / "opened")
    opened = read_run(tmp_path / "opened" / "runs" / name)
    checks = [check for check in opened.plan["checks"] if CONTROL in check["controls"]]
    assert len(checks) >= 7
    for check in checks:
        assert check["promise"]
        assert opened.verdicts[check["id"]]["verdict"] == "PASS"
        for probe in check["probes"]:
            observation = opened.observation(probe)
            assert observation is not None
            assert observation.facts
    chain_of_audit = opened.observation("audit_chain")
    assert chain_of_audit is not None
    assert [identity.system for identity in chain_of_audit.identities] == ["postgres"]
    oscal = json.loads((tmp_path / "opened" / "oscal" / f"{name}.json").read_text())
    (result,) = oscal["assessment-results"]["results"]
    assert CONTROL in json.dumps(result["findings"])

    replayed = auditor.apgms_ops("evidence", "replay", str(opened.path), "--recorded")
    planned = len(opened.plan["checks"])
    assert replayed.splitlines()[-1] == f"{planned} of {planned} verdicts are the same"
