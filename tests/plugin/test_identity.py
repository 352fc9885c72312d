"""Who ran a run, found out from an issuer that runs: proven, claimed or refused; and that no token is left behind."""

import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.identity import jwk, record
from apgms_ops.evidence.identity.verify import Believed
from apgms_ops.evidence.verify import Proof, verify_run
from tests.evidence.identity.issuing import OTHER_KEY, REQUEST_TOKEN, Reply, ToyIssuer, reply, signed
from tests.plugin.conftest import Finished
from tests.plugin.sealed_site import CHECK, RED, SealedSite

IGNORED = "reports/\nkept/\nissuer/\n__pycache__/\nenvironments/\n"


class JobSite(SealedSite):
    """A checkout of checks, in a job of an issuer's."""

    def __init__(self, folder: Path) -> None:
        """Make the issuer, and commit the checks."""
        super().__init__(folder)
        self.issuer = ToyIssuer(folder / "issuer")
        self.write(".gitignore", IGNORED)
        self.git("init", "--quiet")
        self.commit()
        self.declare()

    def git(self, *arguments: str) -> str:
        """Run git."""
        who = ("-c", "user.name=ops", "-c", "user.email=ops@example.invalid")
        command = ["git", "-C", str(self.folder), *who, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def commit(self) -> None:
        """Commit what is there; the job's token is of that commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "checks")
        sha = self.git("rev-parse", "HEAD")
        self.issuer.changed |= {"sha": sha, "job_workflow_sha": sha}

    def declare(self, more: str = "", seal: str = "") -> None:
        """Declare whose tokens count."""
        self.evidence(
            f'{seal}\n[evidence.identity]\nissuer = "{self.issuer.url}"\nrepository = "apgms/apgms-ops"\n'
            f'ca_file = "../issuer/issuer-ca.crt"\n{more}'
        )

    def job(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Finished:
        """Run the checks in a job that is offered a token."""
        return self.run("--env", "toy", *arguments, environ=self.issuer.environ | dict(environ or {}))

    def proof(self, finished: Finished) -> Proof:
        """Verify the run, as one who has the issuer's keys."""
        believed = Believed(jwk.key_set(self.issuer.jwks()), ("apgms/apgms-ops",))
        return verify_run(finished.run.path, replace(self.trust, identity=believed))

    def leaks(self, finished: Finished) -> list[str]:
        """Return what of a secret is in a file of the run, or was said."""
        kept = [path.read_text(errors="replace") for path in finished.run.path.rglob("*") if path.is_file()]
        secrets = [REQUEST_TOKEN, *(token.rpartition(".")[2] for token in self.issuer.tokens), *self.issuer.tokens]
        return [secret for secret in secrets for text in (*kept, finished.output) if secret in text]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[JobSite]:
    """A checkout in a job."""
    made = JobSite(tmp_path)
    yield made
    made.issuer.close()


def identity_of(finished: Finished) -> Mapping[str, Any]:
    """Return what the closing entry says of who ran it."""
    close = finished.run.close
    assert close is not None
    found: Mapping[str, Any] = close["by"]["identity"]
    return found


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "workers"])
def test_a_job_proves_who_ran_it(site: JobSite, workers: list[str]) -> None:
    """The token's claims stand in the closing entry, a verifier proves them again, and no token is left anywhere."""
    finished = site.job(*workers)
    assert finished.code == 0, finished.output
    assert identity_of(finished)["state"] == "proven"
    assert identity_of(finished)["claims"]["actor"] == "jo"
    proof = site.proof(finished)
    assert (proof.ran_by.state, proof.exit_code) == ("proven", 0)
    assert proof.ran_by.claims["sha"] == site.git("rev-parse", "HEAD")
    assert "ran by   proven: jo, apgms/apgms-ops/.github/workflows/daily-checks.yaml" in finished.output
    head = finished.run.path.name
    assert site.issuer.asked[0].startswith(f"/token apgms-ops-evidence:{head}:")
    assert len(site.issuer.tokens) == 1
    assert site.leaks(finished) == []


def test_without_an_offer_it_is_claimed(site: JobSite) -> None:
    """A run outside of a job is what its machine says of itself; it is sealed, and green."""
    finished = site.run("--env", "toy")
    assert finished.code == 0
    assert site.proof(finished).ran_by.state == "claimed"
    assert "ran by   claimed: no identity token is offered here" in finished.output
    assert site.issuer.asked == []


def test_where_nobody_is_declared_nobody_is_asked(site: JobSite) -> None:
    """Without `[evidence.identity]` no token is asked for, though one is offered."""
    site.evidence()
    finished = site.job()
    assert (finished.code, identity_of(finished)["state"], site.issuer.asked) == (0, "claimed", [])
    assert "ran by" not in finished.output


def _hs256(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, "a secret that is long enough for HS256", algorithm="HS256", headers={"kid": "one"})


@pytest.mark.parametrize(
    ("bent", "words"),
    [
        pytest.param({"changed": {"aud": "sts.amazonaws.com"}}, "is for sts.amazonaws.com", id="audience"),
        pytest.param({"changed": {"iss": "https://other.example"}}, "issued by https://other.example", id="issuer"),
        pytest.param({"changed": {"exp": int(time.time()) - 3600}}, "expired at", id="expired"),
        pytest.param({"changed": {"nbf": int(time.time()) + 3600}}, "not valid before", id="not yet"),
        pytest.param({"changed": {"repository": "apgms/fork"}}, "of a job of apgms/fork", id="repository"),
        pytest.param({"changed": {"sha": "b" * 40}}, "at commit bbbbbbbbbbbb", id="commit"),
        pytest.param({"sign": _hs256}, "signed by 'HS256'", id="HS256"),
        pytest.param({"sign": lambda claims: signed(claims, OTHER_KEY)}, "does not verify", id="another's"),
        pytest.param({"sign": lambda claims: signed(claims, OTHER_KEY, "x")}, "does not publish", id="key unknown"),
        pytest.param({"sign": lambda _: "no token"}, "is none", id="no token"),
    ],
)
def test_a_wrong_token_is_refused_loudly(site: JobSite, bent: dict[str, Any], words: str) -> None:
    """A token that is not of this run is said, is not sealed as proof, and the run is not green (exit 3)."""
    site.issuer.changed |= bent.get("changed", {})
    site.issuer.sign = bent.get("sign", signed)
    finished = site.job()
    assert finished.code == 3, finished.output
    assert finished.verdicts == {"test_one": "PASS"}
    assert "ran by   refused: " in finished.output
    assert words in finished.output
    assert "who ran it is not proven, not green" in finished.output
    ran = site.proof(finished).ran_by
    assert (ran.state, site.proof(finished).exit_code) == ("refused", 3)
    assert not (finished.run.path / record.FILE).exists()
    assert site.leaks(finished) == []


def test_a_red_run_stays_red_whoever_ran_it(site: JobSite) -> None:
    """What was seen counts for more than who looked: exit 1 stays 1."""
    site.checks(CHECK + RED)
    site.commit()
    site.issuer.changed |= {"repository": "apgms/fork"}
    finished = site.job()
    assert (finished.code, identity_of(finished)["state"]) == (1, "refused")


def test_a_changed_checkout_is_not_vouched_for(site: JobSite) -> None:
    """Checks that were changed after their commit are not those that the token is of."""
    site.checks(f"{CHECK}\n# changed\n")
    finished = site.job()
    assert finished.code == 3
    assert "the checkout of the checks differs from its commit" in finished.output


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [(500, {}, "it fails (status 500)"), (403, {"message": REQUEST_TOKEN}, "status 403"), (200, {}, "without a token")],
)
def test_an_issuer_that_gives_none_leaves_a_claim(site: JobSite, status: int, body: object, words: str) -> None:
    """Where no token can be had the run is sealed, green, and claimed; it says why."""
    site.issuer.replies["/token"] = lambda: reply(body, status)
    finished = site.job()
    assert finished.code == 0
    assert identity_of(finished)["state"] == "claimed"
    assert words in finished.output
    assert site.leaks(finished) == []


def test_a_required_identity_is_seen_to_before_anything_is_looked_at(site: JobSite) -> None:
    """With `required` a run that nobody vouches for ends with exit 4, and leaves no run; one with a token is proven."""
    site.declare("required = true")
    refused = site.run("--env", "toy")
    assert refused.code == 4
    assert "it must be proven who runs the checks" in refused.output
    assert not list((site.folder / "reports" / "runs").glob("*/ledger.jsonl"))
    site.issuer.changed |= {"repository": "apgms/fork"}
    assert site.job().code == 4
    site.issuer.changed |= {"repository": "apgms/apgms-ops"}
    finished = site.job()
    assert finished.code == 0, finished.output
    assert site.proof(finished).ran_by.state == "proven"
    assert site.leaks(finished) == []


def test_a_required_identity_that_is_gone_at_the_end_is_not_green(site: JobSite) -> None:
    """Where the issuer gives a token before the run, and none after it, the run is sealed as a claim and exits 3."""
    site.declare("required = true")
    site.issuer.gives = 1
    finished = site.job()
    assert finished.code == 3, finished.output
    assert identity_of(finished)["state"] == "claimed"
    assert finished.verdicts == {"test_one": "PASS"}


def test_ctrl_c_while_a_token_is_asked_for_loses_no_run(site: JobSite) -> None:
    """Who loses patience with the issuer at the end of a run still has the run: closed, sealed, and claimed."""

    def hang() -> Reply:
        time.sleep(60)
        return reply({})

    site.issuer.replies["/token"] = hang
    process = site.start("--env", "toy", environ=site.issuer.environ)
    until = time.monotonic() + 60
    while not site.issuer.asked and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    finished = site.finish(process)
    assert "interrupted while it asked" in finished.output
    assert site.proof(finished).ran_by.state == "claimed"


def test_a_hanging_issuer_holds_no_run_up(site: JobSite) -> None:
    """An issuer that does not answer costs what its deadline allows; the run is claimed, and says so."""

    def hang() -> Reply:
        time.sleep(60)
        return reply({})

    site.issuer.replies["/token"] = hang
    site.write("sitecustomize.py", "import apgms_ops.plugin.identifying as i\ni.SECONDS = 1.0\n")
    site.commit()
    began = time.monotonic()
    finished = site.job(environ={"PYTHONPATH": str(site.folder)})
    assert finished.code == 0, finished.output
    assert "no complete answer within 1 s" in finished.output
    assert time.monotonic() - began < 30


def test_a_replay_asks_for_nothing(site: JobSite) -> None:
    """A replay is no evidence, and no token is asked for it, even where one is required."""
    run = site.job().run.path.name
    site.declare("required = true")
    asked = len(site.issuer.asked)
    finished = site.job("--replay", run)
    assert finished.code == 0, finished.output
    assert len(site.issuer.asked) == asked


def test_a_token_that_is_swapped_in_a_sealed_run_is_caught(site: JobSite) -> None:
    """The identity of one run in the folder of another breaks its seal."""
    first, second = site.job().run.path, site.job().run.path
    (second / record.FILE).write_bytes((first / record.FILE).read_bytes())
    assert verify_run(first, site.trust).ran_by.state == "recorded"
    with pytest.raises(EvidenceInvalid, match=r"identity\.json: its content is not what was sealed"):
        verify_run(second, site.trust)
