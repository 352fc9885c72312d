"""Whatever is done to a sealed chain is caught, and the bad entry is named."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.folder import verify_chain
from apgms_ops.evidence.trust import Trust
from apgms_ops.evidence.verify import verify_run
from tests.evidence.making import DAY, Forge
from tests.evidence.tampering import (
    Case,
    add,
    anothers_seal,
    anothers_seal_and_stamp,
    anothers_stamp,
    append,
    cut,
    double_key_in_envelope,
    double_key_in_ledger,
    envelope,
    fifo,
    flip_verdict,
    foreign_authority,
    foreign_key,
    foreign_stamp,
    hard_link,
    impostor_key,
    misname_observation,
    not_yet_valid,
    other_environment,
    rehash,
    remove,
    rename_file,
    rotated_out,
    signatures,
    swap_observations,
    symlink_file,
    symlink_folder,
    symlink_run,
    unseal,
)
from tests.evidence.tampering_chain import (
    copy_run,
    duplicate_line,
    empty_chain,
    forge_line,
    reformat_line,
    remove_end,
    remove_end_and_line,
    remove_end_line,
    remove_middle,
    remove_middle_and_line,
    remove_middle_and_renumber,
    remove_start,
    swap_lines,
    swap_runs,
    traverse_chain,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Forge:
    """Four sealed runs, made once."""
    forge = Forge(tmp_path_factory.mktemp("made"))
    for _ in range(4):
        forge.run()
    return forge


@pytest.fixture
def case(made: Forge, tmp_path: Path) -> Case:
    """A copy of them, to do with as a test likes."""
    forge = Forge(tmp_path)
    shutil.copytree(made.runs, forge.runs, dirs_exist_ok=True)
    shutil.copytree(made.chain.parents[1], forge.chain.parents[1])
    forge.key, forge.authority, forge.clock.at = made.key, made.authority, made.clock.at
    runs = sorted(forge.runs.iterdir())
    last = json.loads(forge.chain.read_bytes().splitlines()[-1])
    return Case(forge, runs, last["attestation"], forge.trust)


SECOND = r"20261125T\S+"
TAMPERED: dict[str, tuple[Callable[[Case], None], str]] = {
    "byte added to the ledger": (append("ledger.jsonl"), rf"{SECOND}: ledger\.jsonl: its content"),
    "byte removed from the ledger": (cut("ledger.jsonl"), rf"{SECOND}: ledger\.jsonl: its content"),
    "byte added to the environment": (append("environment.json"), rf"{SECOND}: environment\.json: its content"),
    "byte removed from the environment": (cut("environment.json"), rf"{SECOND}: environment\.json: its content"),
    "byte added to a result": (append("allure-results/a-result.json"), r"allure-results/a-result\.json: its content"),
    "byte added to the seal": (append("attestation.json"), rf"{SECOND}: attestation\.json: not in its one form"),
    "byte removed from the seal": (cut("attestation.json"), rf"{SECOND}: attestation\.json: not an envelope"),
    "byte added to the timestamp": (append("timestamp.tsr"), rf"{SECOND}: timestamp\.tsr: not DER"),
    "byte removed from the timestamp": (cut("timestamp.tsr"), rf"{SECOND}: timestamp\.tsr: not DER"),
    "ledger removed": (remove("ledger.jsonl"), rf"{SECOND}: ledger\.jsonl: missing"),
    "environment removed": (remove("environment.json"), rf"{SECOND}: environment\.json: missing"),
    "result removed": (remove("allure-results/a-result.json"), r"allure-results/a-result\.json: missing"),
    "observation removed": (lambda case: case.observation().unlink(), r"observations/\w{64}\.json: missing"),
    "timestamp removed": (remove("timestamp.tsr"), rf"{SECOND}: timestamp\.tsr: missing"),
    "seal removed": (unseal, rf"{SECOND}: attestation\.json: missing: the run is UNSEALED"),
    "file added": (add("note.txt"), rf"{SECOND}: note\.txt: added"),
    "observation added": (add(f"observations/{'0' * 64}.json"), r"observations/0{64}\.json: added"),
    "result added": (add("allure-results/z-result.json"), r"allure-results/z-result\.json: added"),
    "hidden file added": (add(".hidden"), rf"{SECOND}: \.hidden: added"),
    "file added where claims lie while a run goes on": (add(".probes/x"), rf"{SECOND}: \.probes/x: added"),
    "file in a new folder added": (add("more/a.json"), rf"{SECOND}: more/a\.json: added"),
    "file renamed": (rename_file, r"allure-results/b-result\.json: added"),
    "file replaced by a symbolic link": (symlink_file, r"observations/\w{64}\.json: is a link"),
    "file hard-linked outside": (hard_link, r"ledger\.jsonl: is a hard link"),
    "folder replaced by a symbolic link": (symlink_folder, rf"{SECOND}: observations: is a link"),
    "run replaced by a symbolic link": (symlink_run, rf"{SECOND}: is not a folder of its own"),
    "device among the files": (fifo, rf"{SECOND}: pipe: is a link or a device"),
    "observation under another digest": (misname_observation, r"observations/0{64}\.json: added"),
    "observations swapped": (swap_observations, r"observations/\w{64}\.json: its content"),
    "verdict flipped": (flip_verdict, rf"{SECOND}: ledger\.jsonl: its content"),
    "verdict flipped and hashed anew": (rehash, rf"{SECOND}: ledger\.jsonl: its content"),
    "verdict doubled within its entry": (double_key_in_ledger, rf"{SECOND}: ledger\.jsonl: its content"),
    "run removed from the middle": (remove_middle, rf"{SECOND}: missing; it is line 2"),
    "run and line removed from the middle": (remove_middle_and_line, r"line 2: 20261126T\S+ does not follow 20261124T"),
    "run removed, lines renumbered": (remove_middle_and_renumber, r"20261126T\S+: in place 1 of the chain"),
    "run removed from the end": (remove_end, r"20261127T\S+: missing; it is line 4"),
    "run and line removed from the end": (remove_end_and_line, r"ends with its run 2, 20261126T\S+ and does not hold"),
    "line removed from the end": (remove_end_line, r"20261127T\S+: its seal says that it is run 3"),
    "run and line removed from the start": (remove_start, r"begins with its run 1, 20261125T"),
    "lines swapped": (swap_lines, r"line 2: 20261126T\S+ does not follow"),
    "runs swapped": (swap_runs, rf"{SECOND}: attestation\.json: the seal of another run, 20261126T"),
    "line doubled": (duplicate_line, r"line 5: 20261127T\S+ does not follow"),
    "run copied under another id": (copy_run, r"20261128T\S+: attestation\.json: the seal of another run, 20261125T"),
    "line that names another seal": (forge_line, r"20261127T\S+/attestation\.json: not the seal that the chain holds"),
    "line written otherwise": (reformat_line, r"chain\.jsonl line 2: not in canonical form"),
    "line that leads elsewhere": (traverse_chain, r"\.\./runs/\S+: missing"),
    "chain emptied": (empty_chain, r"its seal says that it is run 0 of the chain"),
    "seal of another run": (anothers_seal, rf"{SECOND}: attestation\.json: the seal of another run"),
    "seal and timestamp of another run": (anothers_seal_and_stamp, r"the seal of another run, 20261126T"),
    "timestamp of another signature": (anothers_stamp, rf"{SECOND}: timestamp\.tsr: it is of another signature"),
    "timestamp of a foreign authority": (foreign_stamp, rf"{SECOND}: timestamp\.tsr: .*certificat"),
    "signature stripped": (signatures(lambda found: found.clear()), r"attestation\.json: 0 signatures"),
    "signature doubled": (signatures(lambda found: found.append(found[0])), r"attestation\.json: 2 signatures"),
    "key id changed": (signatures(lambda found: found[0].update(keyid="0" * 64)), r"a key that is not trusted"),
    "field added to the signature": (signatures(lambda found: found[0].update(x="y")), r"not in its one form"),
    "payload type changed": (envelope(lambda data: data.update(payloadType="text/plain")), r"payload is of type"),
    "field added to the envelope": (envelope(lambda data: data.update(x="y")), r"not in its one form"),
    "payload doubled": (double_key_in_envelope, rf"{SECOND}: attestation\.json: not in its one form"),
    "foreign key": (foreign_key, r"20261124T\S+: attestation\.json: sealed with a key that is not trusted"),
    "foreign key of the same name": (impostor_key, r"attestation\.json: sealed with a key that is not trusted"),
    "key rotated out": (rotated_out, rf"{SECOND}: attestation\.json: the key ops-2026 was rotated out"),
    "key not yet valid": (not_yet_valid, r"20261124T\S+: attestation\.json: the key ops-2026 is not valid before"),
    "authority that is not trusted": (foreign_authority, r"20261124T\S+: timestamp\.tsr"),
    "passed off as another environment": (other_environment, r"a run of environment production, not of staging"),
}


def test_what_nobody_touched_verifies(case: Case) -> None:
    """An untouched chain verifies whole, from its first run to its last."""
    proof = case.verify()
    assert (proof.runs, proof.first.seq, proof.last.seq, proof.after_head) == (4, 0, 3, 0)
    assert proof.last.attestation == case.head


@pytest.mark.parametrize("name", TAMPERED)
def test_tampering_is_caught_and_named(case: Case, name: str) -> None:
    """Each manipulation of a sealed chain is caught, and the text names the bad entry."""
    act, named = TAMPERED[name]
    act(case)
    with pytest.raises(EvidenceInvalid, match=named):
        case.verify()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=300, deadline=None
)
@given(data=st.data())
def test_any_flipped_byte_of_any_file_is_caught(case: Case, data: st.DataObject) -> None:
    """Whichever byte of whichever file of a run is changed, the run does not verify."""
    files = sorted(path for path in case.second.rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(files), label="file")
    before = path.read_bytes()
    position = data.draw(st.integers(0, len(before) - 1), label="position")
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != before[position]), label="byte")
    try:
        path.write_bytes(before[:position] + bytes([byte]) + before[position + 1 :])
        with pytest.raises(EvidenceInvalid, match=case.second.name):
            verify_run(case.second, case.trust)
    finally:
        path.write_bytes(before)


def test_a_head_that_is_known_tells_how_much_came_after_it(case: Case) -> None:
    """An older head is found in the chain, with the number of runs since."""
    case.head = json.loads(case.lines()[1])["attestation"]
    assert case.verify().after_head == 2


def test_without_a_head_a_shorter_chain_holds(case: Case) -> None:
    """A run that vanished from the end with its line shows against a head alone, and is not claimed to."""
    remove_end_and_line(case)
    proof = verify_chain(case.forge.runs, case.forge.chain, case.trust)
    assert proof.runs == 3
    assert proof.after_head is None


def test_a_backdated_seal_shows_without_its_timestamp_too(case: Case) -> None:
    """A verifier who wants every run dated refuses one that nobody dated, whoever signed it."""
    case.forge.authority = None
    case.forge.clock.at += DAY
    run = case.forge.run()
    believed = case.trust
    assert verify_run(run, believed).stamp is None
    strict = Trust(believed.keys, believed.authorities, believed.environment, require_timestamp=True)
    with pytest.raises(EvidenceInvalid, match="nobody dated the seal"):
        verify_run(run, strict)
    assert verify_run(case.second, strict).at - verify_run(case.runs[0], strict).at >= timedelta(days=1)
