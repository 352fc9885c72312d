"""`apgms-ops evidence verify`: what it says of who ran a run, by what an auditor brings."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND
from tests.evidence.identity.identified import record_identified
from tests.evidence.identity.issuing import EC_KEY, OTHER_KEY, REPOSITORY, RSA_KEY, jwk_of
from tests.evidence.making import Forge
from tests.plugin.conftest import ENVIRONMENT


class Auditor:
    """One who has a sealed run, the key that seals, and perhaps the issuer's keys."""

    def __init__(self, folder: Path) -> None:
        """Make them."""
        self.folder = folder
        self.forge = Forge(folder, "toy")
        self.forge.authority = None
        (folder / "ops.pub").write_text(self.forge.key.trusted.public.pem)
        (folder / "issuer.json").write_text(json.dumps({"keys": [jwk_of(RSA_KEY, "one"), jwk_of(EC_KEY, "two")]}))
        (folder / "other.json").write_text(json.dumps({"keys": [jwk_of(OTHER_KEY, "one")]}))
        self.run = record_identified(self.forge)
        self.forge.seal(self.run)

    def verify(self, *arguments: str) -> tuple[int, str]:
        """Verify the run; return exit code and output."""
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, "evidence", "verify", *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def declare(self, more: str) -> None:
        """Write an environment whose repository is what is given."""
        (self.folder / "environments").mkdir(exist_ok=True)
        (self.folder / "environments" / "toy.toml").write_text(
            f'{ENVIRONMENT}\n[evidence]\ntrusted_keys = [{{ name = "ops", public_key = "../ops.pub", '
            f"from = 2026-01-01T00:00:00Z, to = 2126-01-01T00:00:00Z }}]\n"
            f'[evidence.identity]\nissuer = "https://issuer.example"\n{more}\n'
        )


@pytest.fixture
def auditor(tmp_path: Path) -> Auditor:
    """An auditor."""
    return Auditor(tmp_path)


def test_it_shows_who_ran_a_run_and_by_whose_word(auditor: Auditor) -> None:
    """With the issuer's keys it is PROVEN; without them, or with others, it is RECORDED, and what to bring is said."""
    run = str(auditor.run)
    code, said = auditor.verify(run, "--trust", "ops.pub", "--trust", "issuer.json")
    assert code == 0, said
    assert f"ran      PROVEN, by jo, {REPOSITORY}/.github/workflows/daily-checks.yaml@refs/heads/main, run 5711" in said
    assert "(https://issuer.example, key " in said
    code, said = auditor.verify(run, "--trust", "ops.pub")
    assert code == 0
    assert "ran      RECORDED, by jo" in said
    assert "bring the issuer's own keys with --trust" in said
    code, said = auditor.verify(run, "--trust", "ops.pub", "--trust", "other.json", "--json")
    assert (code, json.loads(said)["ran_by"]["state"]) == (0, "recorded")


def test_an_identity_can_be_required(auditor: Auditor) -> None:
    """With --require-identity a run of which it is not proven who ran it does not hold."""
    run = str(auditor.run)
    assert auditor.verify(run, "--trust", "ops.pub", "--trust", "issuer.json", "--require-identity")[0] == 0
    code, said = auditor.verify(run, "--trust", "ops.pub", "--require-identity")
    assert code == 1
    assert "it must be proven who ran it, and is recorded" in said


def test_the_environments_file_says_whose_jobs_count(auditor: Auditor) -> None:
    """By the keys that the file names a job of its repository is PROVEN, and one of another repository is not."""
    run = str(auditor.run)
    auditor.declare(f'repository = "{REPOSITORY}"\nkeys_file = "../issuer.json"')
    code, said = auditor.verify(run, "--env", "toy", "--require-identity")
    assert code == 0, said
    assert "ran      PROVEN" in said
    auditor.declare('repository = "apgms/moved"\nkeys_file = "../issuer.json"')
    code, said = auditor.verify(run, "--env", "toy")
    assert code == 0
    assert f"a job of {REPOSITORY}, which the environment's file does not name" in said
    auditor.declare('repository = "apgms/moved"')
    code, said = auditor.verify(run, "--env", "toy", "--trust", "ops.pub", "--trust", "issuer.json")
    assert (code, "ran      RECORDED" in said) == (0, True)


def test_a_file_that_holds_no_keys_is_a_mistake(auditor: Auditor) -> None:
    """A JSON file that is no set of keys is named, and what was expected of it."""
    (auditor.folder / "none.json").write_text("{}")
    code, said = auditor.verify(str(auditor.run), "--trust", "none.json")
    assert code == 4
    assert "none.json: expected the keys of an issuer of identity tokens (a JWK set)" in said


def test_a_claim_shows_why_it_is_one(auditor: Auditor) -> None:
    """A run that nobody vouches for says CLAIMED, the user of its machine, and why."""
    code, said = auditor.verify(str(auditor.forge.run()), "--trust", "ops.pub")
    assert code == 0, said
    assert "ran      CLAIMED, by ops on runner: the run does not say more" in said
