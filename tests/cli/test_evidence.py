"""`apgms-ops evidence`: what an auditor does, with real runs of a toy site."""

import copy
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from trestle.oscal.assessment_results import Model

from apgms_ops.evidence.run import read_run
from tests.cli.conftest import COMMAND
from tests.evidence.making import a_key
from tests.plugin.conftest import ENVIRONMENT, Site

CHECKS = '''
@pytest.mark.control("audit-logging")
def test_sees(one, limits):
    """No group is as far behind as the limit."""
    assert one.value < limits.consumer_lag.value, f"{one.value} behind (limit {limits.consumer_lag.value})"

def test_other(one):
    """It is one."""
    assert one.value == 1
'''
SEALED = """
[evidence]
require_seal = true
key = "file:{key}"
trusted_keys = [{{ name = "ops", public_key = "../ops.pub", from = 2026-01-01T00:00:00Z, to = 2126-01-01T00:00:00Z }}]
"""


class Audited:
    """A site whose runs are sealed, and an auditor with its public key."""

    def __init__(self, site: Site) -> None:
        """Make a key, name it in the environment, and run the checks twice."""
        self.site = site
        key = a_key()
        (site.folder / "seal.key").write_text(key.pem)
        (site.folder / "ops.pub").write_text(key.trusted.public.pem)
        site.write("environments/toy.toml", ENVIRONMENT + SEALED.format(key=site.folder / "seal.key"))
        site.checks(CHECKS)
        for _ in range(2):
            assert site.run("--env", "toy").code == 0
        self._look()

    def _look(self) -> None:
        folder = self.site.folder
        self.public = folder / "ops.pub"
        self.runs = sorted((folder / "reports" / "runs").iterdir())
        self.chain = folder / "reports" / "chain" / "toy" / "chain.jsonl"
        self.head = json.loads(self.chain.read_bytes().splitlines()[-1])["attestation"]

    def at(self, folder: Path) -> "Audited":
        """Return the same in another folder, where it was copied to."""
        other = copy.copy(self)
        other.site = copy.copy(self.site)
        other.site.folder = folder
        other._look()
        return other

    def evidence(self, *arguments: str) -> tuple[int, str]:
        """Run the command; return its exit code and what it said."""
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, "evidence", *arguments],
            cwd=self.site.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """Two sealed runs, made once."""
    return Audited(Site(tmp_path_factory.mktemp("made") / "site"))


@pytest.fixture
def audited(made: Audited, tmp_path: Path) -> Audited:
    """A copy of them, to do with as a test likes."""
    shutil.copytree(made.site.folder, tmp_path / "site")
    return made.at(tmp_path / "site")


def test_an_auditors_walk(audited: Audited, tmp_path: Path) -> None:
    """Bundle → verify → the control's checks → what was observed → a replay gives the same verdicts."""
    bundle = tmp_path / "out.zip"
    code, said = audited.evidence("bundle", "--all", "--env", "toy", "-o", str(bundle))
    assert (code, "2 runs of toy" in said) == (0, True)
    code, said = audited.evidence("verify", str(bundle), "--trust", str(audited.public), "--head", audited.head)
    assert (code, said.splitlines()[0]) == (
        0,
        "HOLDS    2 runs of toy, 0 of its chain between them not here",
    )
    with zipfile.ZipFile(bundle) as archive:
        page = archive.read("VERIFY.md").decode()
        archive.extractall(tmp_path / "unpacked")
    assert audited.head in page
    run = read_run(tmp_path / "unpacked" / "runs" / audited.runs[-1].name)
    (check,) = [check for check in run.plan["checks"] if "audit-logging" in check["controls"]]
    assert check["promise"] == "No group is as far behind as the limit."
    assert run.verdicts[check["id"]]["verdict"] == "PASS"
    (probe,) = check["probes"]
    observation = run.observation(probe)
    assert observation is not None
    assert observation.facts == {"value": 1}
    code, said = audited.evidence("replay", str(run.path), "--recorded")
    assert (code, said.splitlines()[-1]) == (0, "2 of 2 verdicts are the same")


def test_tampering_is_named_with_exit_1(audited: Audited) -> None:
    """A flipped verdict is exit 1 and one line that names run and file; so is a chain whose end was cut off."""
    code, _ = audited.evidence("verify", "reports/runs", "--env", "toy", "--head", audited.head)
    assert code == 0
    ledger = audited.runs[0] / "ledger.jsonl"
    before = ledger.read_bytes()
    ledger.write_bytes(before.replace(b'"verdict":"PASS"', b'"verdict":"FAIL"'))
    code, said = audited.evidence("verify", audited.runs[0].name, "--env", "toy")
    assert (code, said) == (
        1,
        f"INVALID  {audited.runs[0].name}: ledger.jsonl: its content is not what was sealed (it was altered)\n",
    )
    ledger.write_bytes(before)
    for path in sorted(audited.runs[1].rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    audited.runs[1].rmdir()
    audited.chain.write_bytes(audited.chain.read_bytes().splitlines(keepends=True)[0])
    code, said = audited.evidence("verify", "reports/runs", "--env", "toy", "--head", audited.head)
    assert (code, "does not hold the head" in said) == (1, True)
    code, said = audited.evidence("verify", "reports/runs", "--env", "toy")
    assert (code, "NOT CHECKED: runs removed from the end do not show" in said) == (0, True)


def test_runs_whose_chain_is_gone_are_not_passed_over(audited: Audited) -> None:
    """Beside another environment's chain, sealed runs without theirs are not silently left out of what holds."""
    other = audited.chain.parents[1] / "other" / "chain.jsonl"
    other.parent.mkdir()
    audited.chain.rename(other)
    code, said = audited.evidence("verify", "reports/runs", "--trust", str(audited.public))
    assert (code, "sealed, and there is no chain of toy that it could have a place in" in said) == (1, True)


def test_an_altered_run_is_not_bundled(audited: Audited, tmp_path: Path) -> None:
    """What does not verify is not handed on."""
    (audited.runs[0] / "note.txt").write_text("x")
    code, said = audited.evidence("bundle", "--all", "--env", "toy", "-o", str(tmp_path / "out.zip"))
    assert code != 0
    assert "note.txt: added after the run was sealed" in said
    assert not (tmp_path / "out.zip").exists()


def test_a_limit_is_tried_on_what_was_seen(audited: Audited, tmp_path: Path) -> None:
    """With a tighter limit the replay shows which verdict would have been another, and why; exit 1."""
    limits = tmp_path / "tighter.toml"
    limits.write_text('[limits]\nconsumer_lag = { value = 1, source = "trial" }\n')
    code, said = audited.evidence("replay", audited.runs[0].name, "--limits", str(limits))
    assert code == 1
    assert re.search(r"PASS → FAIL  test_checks\.py::test_sees\n +.*1 behind \(limit 1\)", said)
    assert said.splitlines()[-1] == "1 of 2 verdicts are the same"


def test_todays_checks_judge_what_was_seen_then(audited: Audited) -> None:
    """A check that was tightened since, one that is gone and one that is new are each told."""
    tightened = CHECKS.replace("one.value == 1", "one.value == 2").replace("def test_sees", "def test_sees_well")
    audited.site.checks(tightened)
    code, said = audited.evidence("replay", audited.runs[0].name)
    assert code == 1
    assert "PASS → FAIL  test_checks.py::test_other" in said
    assert "PASS → not judged  test_checks.py::test_sees: it is no longer one of the checks" in said
    assert said.splitlines()[-1] == "0 of 2 verdicts are the same; 1 checks are new since then"


def test_a_run_is_written_as_oscal(audited: Audited, tmp_path: Path) -> None:
    """A sealed run is verified and written beside the runs, the same again, in a bundle too; another file is kept."""
    run = audited.runs[0].name
    code, said = audited.evidence("oscal", run, "--trust", str(audited.public))
    assert (code, said) == (
        0,
        f"reports/oscal/{run}.json: 2 checks, 1 controls, 1 of them satisfied; its seal verifies\n",
    )
    document = audited.site.folder / "reports" / "oscal" / f"{run}.json"
    before = document.read_bytes()
    Model.parse_raw(before)
    (result,) = json.loads(before)["assessment-results"]["results"]
    assert [finding["target"]["status"]["state"] for finding in result["findings"]] == ["satisfied"]
    code, said = audited.evidence("oscal", run, "--env", "toy")
    assert (code, said.strip().endswith("unchanged")) == (0, True)
    document.write_bytes(b"mine")
    code, said = audited.evidence("oscal", run, "--env", "toy")
    assert (code, "there is another document" in said, document.read_bytes()) == (4, True, b"mine")
    code, _ = audited.evidence("bundle", run, "--env", "toy", "-o", str(tmp_path / "out.zip"))
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert (code, archive.read(f"oscal/{run}.json")) == (0, before)
    code, _ = audited.evidence("verify", str(tmp_path / "out.zip"), "--trust", str(audited.public))
    assert code == 0


def test_an_altered_run_makes_no_oscal(audited: Audited, tmp_path: Path) -> None:
    """What does not verify, or is not sealed, is exit 1 and no file; --unsealed writes one that says what it is not."""
    folder, other = audited.runs
    out = tmp_path / "out.json"
    ledger = folder / "ledger.jsonl"
    before = ledger.read_bytes()
    ledger.write_bytes(before.replace(b'"verdict":"PASS"', b'"verdict":"FAIL"'))
    code, said = audited.evidence("oscal", folder.name, "--env", "toy", "-o", str(out), "--unsealed")
    assert (code, "it was altered" in said, out.exists()) == (1, True, False)
    ledger.write_bytes(before)
    code, said = audited.evidence("oscal", folder.name, "--trust", str(audited.public), "-o", str(folder / "x.json"))
    assert (code, "within the run" in said) == (4, True)
    (other / "attestation.json").unlink()
    code, said = audited.evidence("oscal", other.name, "--env", "toy", "-o", str(out))
    assert (code, "UNSEALED" in said, out.exists()) == (1, True, False)
    code, said = audited.evidence("oscal", other.name, "-o", str(out), "--unsealed")
    assert (code, "UNSEALED, and no evidence" in said) == (0, True)
    assert "NO EVIDENCE" in json.loads(out.read_bytes())["assessment-results"]["metadata"]["title"]
    environment = (audited.site.folder / "environments" / "toy.toml").read_text()
    audited.site.write("environments/elsewhere.toml", environment.replace('"toy"', '"elsewhere"'))
    code, said = audited.evidence("oscal", other.name, "--env", "elsewhere", "--unsealed", "-o", str(tmp_path / "y"))
    assert (code, "a run of environment toy, not of elsewhere" in said) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("oscal", "nothing", "--env", "toy"), "no run of that name"),
        (("oscal", "{run}"), "say whom to believe: --trust FILE"),
        (("oscal", "{run}", "--env", "toy", "-o", "."), "name the file to write"),
        (("verify", "reports/runs"), "say whom to believe: --trust FILE"),
        (("verify", "nothing", "--env", "toy"), "no run of that name"),
        (("verify", "reports/runs", "--env", "toy", "--head", "12"), "64 hexadecimal digits"),
        (("bundle", "--env", "toy", "-o", "x.zip"), "name the runs, or say --all"),
        (("replay", "nothing"), "nothing"),
        (("replay", "{run}", "--limits", "ops.pub"), "expected TOML"),
        (("replay", "{run}", "--recorded", "--env", "toy"), "or those of a file?"),
    ],
)
def test_bad_input_says_what_to_do(audited: Audited, arguments: tuple[str, ...], named: str) -> None:
    """What cannot be used is one clear line, and not exit 0 or 1."""
    code, said = audited.evidence(*(argument.format(run=audited.runs[0].name) for argument in arguments))
    assert code not in (0, 1)
    assert named in said
    assert "Traceback" not in said
