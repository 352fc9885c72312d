"""Who ran a sealed run, as a verifier may say it: proven by keys that he brings, and never by the run's own word."""

import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.identity import proof, record
from apgms_ops.evidence.identity.jwk import decoded
from apgms_ops.evidence.identity.record import Finding
from apgms_ops.evidence.identity.verify import Believed
from apgms_ops.evidence.trust import Trust
from apgms_ops.evidence.verify import Proof, verify_run
from tests.evidence.identity.identified import (
    CHECKS_AT,
    DECLARED,
    KEY,
    keys,
    payload,
    record_identified,
    recorded_with,
    rewrite,
)
from tests.evidence.identity.issuing import EC_KEY, OTHER_KEY, REPOSITORY, SHA, issuer_key, signed
from tests.evidence.making import Forge


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    """One who seals runs."""
    return Forge(tmp_path)


def believing(forge: Forge, *brought: Any, **more: Any) -> Trust:  # noqa: ANN401 — keys, and what Believed takes
    """Return whom an auditor believes who brought these keys of the issuer."""
    return replace(forge.trust, identity=Believed(tuple(brought), **more))


def sealed(forge: Forge, **bent: Any) -> Path:  # noqa: ANN401 — what `record_identified` takes
    """Return a sealed run: whatever is bent in it, its holder of the key has sealed."""
    folder = record_identified(forge, **bent)
    forge.seal(folder)
    return folder


def test_it_is_proven_by_the_issuers_key_that_the_verifier_brings(forge: Forge) -> None:
    """With the issuer's own keys a run is proven to be of the job that its token names, and the claims are told."""
    ran = verify_run(sealed(forge), believing(forge, *keys(), required=True)).ran_by
    assert (ran.state, ran.why, ran.key) == ("proven", "", KEY.id)
    told = {name: ran.claims[name] for name in ("repository", "sha", "actor", "run_id", "event_name")}
    assert told == {"repository": REPOSITORY, "sha": SHA, "actor": "jo", "run_id": "5711", "event_name": "schedule"}
    assert ran.user == "ops on runner"


def test_by_the_runs_own_word_it_is_recorded_and_no_more(forge: Forge) -> None:
    """Without the issuer's keys, with others, or with another repository than the verifier names, it is not proven."""
    folder = sealed(forge)
    assert verify_run(folder, forge.trust).ran_by.state == "recorded"
    assert verify_run(folder, believing(forge, issuer_key(OTHER_KEY))).ran_by.state == "recorded"
    others = believing(forge, KEY, repositories=("apgms/other",))
    assert verify_run(folder, others).ran_by.state == "recorded"
    for trust in (forge.trust, others):
        with pytest.raises(EvidenceInvalid, match="must be proven who ran it, and is recorded"):
            verify_run(folder, replace(trust, identity=replace(trust.identity, required=True)))


def test_the_token_is_nowhere_in_the_run(forge: Forge) -> None:
    """No file of the run holds the token's signature, in any form: what is kept cannot be used."""
    made: list[str] = []

    def sign(claims: dict[str, Any]) -> str:
        made.append(signed(claims))
        return made[0]

    folder = sealed(forge, sign=sign)
    last = made[0].rpartition(".")[2]
    forms = {last, decoded(last).hex(), str(int.from_bytes(decoded(last), "big"))}
    kept = [path.read_text() for path in folder.rglob("*") if path.is_file() and path.suffix != ".tsr"]
    assert not [form for form in forms for text in kept if form in text]


def test_a_token_that_is_swapped_afterwards_is_caught(forge: Forge) -> None:
    """Another run's identity in the place of this one's breaks the seal, and a file that is put in or taken out."""
    first, second = sealed(forge), sealed(forge)
    own = (first / record.FILE).read_bytes()
    (first / record.FILE).write_bytes((second / record.FILE).read_bytes())
    with pytest.raises(EvidenceInvalid, match=r"identity\.json: its content is not what was sealed"):
        verify_run(first, forge.trust)
    (first / record.FILE).unlink()
    with pytest.raises(EvidenceInvalid, match=r"identity\.json: missing"):
        verify_run(first, forge.trust)
    (first / record.FILE).write_bytes(own)
    assert verify_run(first, believing(forge, KEY)).ran_by.state == "proven"
    unproven = forge.run()
    (unproven / record.FILE).write_bytes(own)
    with pytest.raises(EvidenceInvalid, match=r"identity\.json: added after the run was sealed"):
        verify_run(unproven, forge.trust)


def test_a_key_holder_cannot_take_the_identity_of_another_run(forge: Forge) -> None:
    """Whoever holds the sealing key, and another run's proof, has a proof of another run: that is caught as well."""
    found: list[Finding] = []

    def note(_: dict[str, Any], finding: Finding) -> bytes | None:
        found.append(finding)
        return finding.kept

    sealed(forge, bend=note)

    def steal(body: dict[str, Any], _: Finding) -> bytes | None:
        body["by"]["identity"] = found[0].to_json()
        return found[0].kept

    with pytest.raises(EvidenceInvalid, match="the token is for"):
        verify_run(sealed(forge, bend=steal), forge.trust)


def test_a_key_holder_cannot_put_other_verdicts_under_an_identity(forge: Forge) -> None:
    """The token names the ledger's last entry before the closing one: other content is another run."""
    folder = record_identified(forge)
    rewrite(folder, lambda book: book.of("verdict")[1]["body"].update(seen="202 behind"))
    forge.seal(folder)
    with pytest.raises(EvidenceInvalid, match="the token is for"):
        verify_run(folder, forge.trust)


@pytest.mark.parametrize(
    ("bent", "words"),
    [
        pytest.param({"declared": DECLARED | {"issuer": "https://other.example"}}, "issued by", id="issuer"),
        pytest.param({"declared": DECLARED | {"repository": "apgms/other"}}, "is of a job of", id="repository"),
        pytest.param({"declared": {"issuer": 1}}, "malformed", id="malformed"),
        pytest.param({"declared": None}, "names nobody", id="nobody"),
    ],
)
def test_a_run_of_another_declaration_is_not_proven(forge: Forge, bent: dict[str, Any], words: str) -> None:
    """What is recorded as proven must be so by the environment that was in force."""
    with pytest.raises(EvidenceInvalid, match=words):
        verify_run(sealed(forge, **bent), believing(forge, KEY))


@pytest.mark.parametrize(
    ("checks_at", "changed", "words"),
    [
        ({"commit": "b" * 40, "dirty": False}, {"sha": "b" * 40}, ""),
        (CHECKS_AT, {"sha": "b" * 40}, "refused"),
        ({"commit": SHA, "dirty": True}, {}, "refused"),
        ({"commit": "unknown", "dirty": "unknown"}, {}, "claimed"),
        (CHECKS_AT, {"exp": 1}, "refused"),
    ],
    ids=str,
)
def test_what_is_not_proven_keeps_nothing_and_says_why(
    forge: Forge, checks_at: dict[str, Any], changed: dict[str, Any], words: str
) -> None:
    """A token that is wrong, or proves nothing, leaves no file; the run verifies, and says what it came to."""
    folder = sealed(forge, checks_at=checks_at, changed=changed)
    ran = verify_run(folder, believing(forge, KEY)).ran_by
    assert ran.state == (words or "proven")
    assert (folder / record.FILE).exists() == (ran.state == "proven")
    assert bool(ran.why) == (ran.state != "proven")


def test_a_run_that_was_closed_at_another_time_is_not_proven(forge: Forge) -> None:
    """A token that was not valid when the run was closed does not prove who closed it."""
    folder = record_identified(forge)
    forge.clock.at += timedelta(hours=1)
    late = forge.clock.at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    rewrite(folder, lambda book: book.entries[-1].update(at=late))
    forge.seal(folder)
    with pytest.raises(EvidenceInvalid, match="expired at"):
        verify_run(folder, believing(forge, KEY))


def test_an_es256_token_is_recorded_alone(forge: Forge) -> None:
    """Of an ES256 token nothing can be kept that is no token, so that no verifier may call it proven."""
    folder = sealed(forge, sign=lambda claims: signed(claims, EC_KEY, "two", "ES256"))
    proven: Proof = verify_run(folder, believing(forge, *keys()))
    assert proven.ran_by.state == "recorded"
    assert "ES256" in proven.ran_by.why
    assert json.loads((folder / record.FILE).read_bytes())["proof"] is None


def test_a_claim_that_looks_like_a_secret_is_not_written(forge: Forge) -> None:
    """A branch called like a token is written nowhere, whatever kind of claim it is; who ran it is claimed."""
    secret = f"ghp_{'a1' * 18}"
    for changed in ({"ref": f"refs/heads/{secret}"}, {"more": [secret]}, {secret: "x"}):
        folder = sealed(forge, changed=changed)
        assert not [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
        assert verify_run(folder, believing(forge, KEY)).ran_by.state == "claimed"


def test_an_older_run_says_nothing_and_is_claimed(forge: Forge) -> None:
    """A run that was sealed before identities were asked for verifies, and is what its machine says of itself."""
    ran = verify_run(forge.run(), believing(forge, KEY)).ran_by
    assert (ran.state, ran.user) == ("claimed", "ops on runner")


def test_the_proof_needs_the_signature(forge: Forge) -> None:
    """What is kept is not enough to make another proof of it: that takes the signature, which is not there."""
    kept = record.read((sealed(forge) / record.FILE).read_bytes())
    assert kept.proof is not None
    assert proof.holds(KEY, kept.signed.data, kept.proof)
    with pytest.raises(EvidenceInvalid, match="not one that can be proven"):
        proof.prove(KEY, kept.signed.data, bytes.fromhex(kept.proof["challenge"]) * 8)


def test_the_page_for_auditors_verifies_by_hand(forge: Forge) -> None:
    """The script of VERIFY.md, which shares no code with us, says that a proof holds, and that a bent one does not."""
    page = files("apgms_ops.evidence").joinpath("verify.md").read_text(encoding="utf-8")
    page = page.format_map(defaultdict(str))  # as a bundle writes it
    script = dedent(page[page.index("       import base64") : page.index("## From a control")])
    folder = sealed(forge)

    def said() -> str:
        done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert said() == "holds"
    own = (folder / record.FILE).read_bytes()
    for bent in (payload(own, actor="somebody"), recorded_with(own, key=issuer_key(OTHER_KEY).to_json())):
        (folder / record.FILE).write_bytes(bent)
        assert said() == "DOES NOT HOLD"
