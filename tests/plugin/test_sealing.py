"""What a run seals, and what it says where it cannot."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apgms_ops.environment.loading import load
from apgms_ops.evidence import trust
from apgms_ops.evidence.folder import verify_chain
from apgms_ops.evidence.verify import verify_run
from apgms_ops.sandbox import timestamps
from apgms_ops.sandbox.certificates import key
from apgms_ops.sandbox.timestamps_process import Server
from tests.plugin.conftest import Finished, Site
from tests.plugin.sealed_site import CHECK, RED, SealedSite


@pytest.fixture
def sealed(tmp_path: Path) -> SealedSite:
    """A site whose runs are sealed."""
    return SealedSite(tmp_path)


@pytest.fixture
def authority(sealed: SealedSite) -> Iterator[str]:
    """The address of a real timestamp authority."""
    server = Server(0, "openssl", str(timestamps.configure(sealed.folder, sealed.kept)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/tsr"
    server.shutdown()
    server.server_close()


def _report_environment(finished: Finished) -> str:
    return (finished.run.path / "allure-results" / "environment.properties").read_text()


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "workers"])
def test_a_run_is_sealed_dated_and_chained(sealed: SealedSite, authority: str, workers: list[str]) -> None:
    """With key and authority a run holds up to a verifier, in one process and under -n; the terminal says so."""
    sealed.evidence(f'timestamp = {{ url = "{authority}", ca_file = "../kept/ca.crt" }}')
    sealed.checks(CHECK + RED)
    finished = sealed.run("--env", "toy", *workers)
    assert finished.code == 1, finished.output
    proof = verify_run(finished.run.path, sealed.trust)
    assert (proof.environment, proof.seq, proof.exit_code) == ("toy", 0, 1)
    assert dict(proof.verdicts) == {"PASS": 1, "FAIL": 1}
    assert proof.stamp is not None
    assert abs(proof.stamp.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert f"head {proof.attestation}" in finished.output
    assert "UNSEALED" not in finished.output
    assert "Seal=SEALED" in _report_environment(finished)


def test_runs_follow_one_another_in_a_chain(sealed: SealedSite) -> None:
    """The second run names the seal of the first, in its statement and in its closing entry."""
    first = sealed.run("--env", "toy").run.path
    second = sealed.run("--env", "toy").run
    before, now = (verify_run(path, sealed.trust) for path in (first, second.path))
    assert (now.seq, now.previous) == (1, before.attestation)
    assert second.close is not None
    assert second.close["previous"] == {"seq": 0, "run": first.name, "seal": before.attestation}
    assert verify_chain(first.parent, sealed.chain, sealed.trust, before.attestation).after_head == 1


def test_the_closing_entry_says_where_a_run_comes_from(sealed: SealedSite) -> None:
    """Limits, versions, who ran it in which job, and the commit stand in the closing entry; a claim is called one."""
    job = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTOR": "jo",
        "GITHUB_SHA": "a" * 40,
        "ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:9/token",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "ey-not-to-be-shown",
    }
    finished = sealed.run("--env", "toy", environ=job)
    close = finished.run.close
    assert close is not None
    assert close["limits"]["consumer_lag"]["value"] == 200
    assert close["by"]["job"]["GITHUB_ACTOR"] == "jo"
    assert close["by"]["job"]["proof"] == "claimed"
    assert " on " in close["by"]["user"]
    assert close["checks_at"] == {"commit": "unknown", "dirty": "unknown"}
    assert {"python", "apgms-ops", "pytest"} <= set(close["versions"])
    assert "ey-not-to-be-shown" not in (finished.run.path / "ledger.jsonl").read_text()


def test_a_run_without_a_key_says_that_it_is_no_evidence(site: Site) -> None:
    """Without a key the terminal and the report say UNSEALED, and the exit code is that of the verdicts."""
    site.checks(CHECK)
    finished = site.run("--env", "toy")
    assert finished.code == 0
    assert "UNSEALED no key is named" in finished.output
    assert "Seal=UNSEALED" in _report_environment(finished)
    assert not (finished.run.path / "attestation.json").exists()


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("env:NOT_SET", "the variable is not set"),
        ("file:/nowhere/key", "No such file"),
        ("file:{folder}/pytest.ini", "it holds no private key"),
        ("awskms:alias/apgms", "name its public key in trusted_keys"),
    ],
)
def test_a_key_that_cannot_be_used_is_not_green(sealed: SealedSite, reference: str, words: str) -> None:
    """A run whose key cannot be used keeps its verdicts, says UNSEALED and why, and exits 3 instead of 0."""
    sealed.evidence(private=reference.format(folder=sealed.folder))
    finished = sealed.run("--env", "toy")
    assert finished.code == 3
    assert finished.verdicts == {"test_one": "PASS"}
    assert "UNSEALED" in finished.output
    assert words in finished.output
    assert "not sealed, not green" in finished.output
    assert "Seal=UNSEALED" in _report_environment(finished)


def test_a_run_that_must_be_sealed_does_not_begin_without_its_key(sealed: SealedSite) -> None:
    """With `require_seal` a key that cannot be used is exit 4 before anything is looked at, and no run is kept."""
    sealed.evidence("require_seal = true", private="env:NOT_SET")
    finished = sealed.run("--env", "toy")
    assert finished.code == 4
    assert "the variable is not set" in finished.output
    assert not list((sealed.folder / "reports" / "runs").glob("*/ledger.jsonl"))


def test_a_red_run_stays_red_where_it_cannot_be_sealed(sealed: SealedSite) -> None:
    """What was seen counts for more than that it could not be sealed: exit 1 stays 1."""
    sealed.evidence(private="env:NOT_SET")
    sealed.checks(RED)
    assert sealed.run("--env", "toy").code == 1


def test_a_key_that_was_rotated_out_does_not_seal(sealed: SealedSite) -> None:
    """A key that the environment does not believe any more seals nothing, and the text names it."""
    old = f'[[evidence.trusted_keys]]\nname = "old"\npublic_key = "{timestamps.public(sealed.kept)}"\n'
    sealed.evidence(f"{old}from = 2020-01-01T00:00:00Z\nto = 2021-01-01T00:00:00Z\n")
    finished = sealed.run("--env", "toy")
    assert finished.code == 3
    assert "old is not in force now" in finished.output


def test_a_key_never_shows(sealed: SealedSite) -> None:
    """No line of a private key reaches terminal, ledger, environment, report or seal, wherever it is read from."""
    secret = key(sealed.kept, "seal").read_text()
    lines = [line for line in secret.splitlines() if "---" not in line]
    sealed.evidence(private="env:SEALING_KEY")
    finished = sealed.run("--env", "toy", environ={"SEALING_KEY": secret})
    assert verify_run(finished.run.path, sealed.trust).seq == 0
    kept = [path.read_text() for path in finished.run.path.rglob("*") if path.is_file()]
    assert not [line for line in lines for text in (*kept, finished.output) if line in text]


def test_an_authority_that_does_not_answer_is_told(sealed: SealedSite) -> None:
    """Without an answer the run is sealed and UNTIMESTAMPED, says why, and its seal says the same."""
    sealed.evidence('timestamp = { url = "http://127.0.0.1:9/tsr", ca_file = "../kept/ca.crt" }')
    finished = sealed.run("--env", "toy")
    assert finished.code == 0
    assert "UNTIMESTAMPED timestamp authority http://127.0.0.1:9/tsr" in finished.output
    proof = verify_run(finished.run.path, sealed.trust)
    assert proof.stamp is None
    assert "127.0.0.1:9" in proof.undated


def test_a_chain_that_cannot_be_written_is_told(sealed: SealedSite) -> None:
    """A run that cannot join its chain is sealed and UNCHAINED, and says why."""
    sealed.write("reports/chain", "a file, where a folder should be")
    finished = sealed.run("--env", "toy")
    assert finished.code == 0
    assert "UNCHAINED" in finished.output
    proof = verify_run(finished.run.path, sealed.trust)
    assert proof.seq is None
    assert "chain" in proof.unchained


def test_a_replay_is_not_sealed(sealed: SealedSite) -> None:
    """A replay is no evidence of its own: it says so, and does not fail for it."""
    run = sealed.run("--env", "toy").run.path.name
    finished = sealed.run("--replay", run)
    assert finished.code == 0
    assert "UNSEALED a replay is no evidence of its own" in finished.output


def test_the_environment_file_says_whom_to_believe(sealed: SealedSite) -> None:
    """Trust read from an environment's file verifies the run that was made with it."""
    declared = (
        f'[[evidence.trusted_keys]]\nname = "now"\npublic_key = "{timestamps.public(sealed.kept)}"\n'
        "from = 2020-01-01T00:00:00Z\nto = 2120-01-01T00:00:00Z\n"
    )
    sealed.evidence(declared)
    file = sealed.folder / "environments" / "toy.toml"
    finished = sealed.run("--env", "toy")
    proof = verify_run(finished.run.path, trust.of_environment(load(file), file.parent))
    assert proof.key == "now"
    assert json.loads((finished.run.path / "environment.json").read_text())["evidence"]["trusted_keys"]
