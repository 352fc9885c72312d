"""What `verify_chain` refuses, a survey refuses too: at the run, or at the chain, and it goes on to the end."""

import json
import shutil
from pathlib import Path

import pytest

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.folder import NAMED, verify_chain
from apgms_ops.evidence.survey import Belief, State, Surveyed, survey
from tests.evidence.making import DAY, Forge
from tests.evidence.tampering import Case, append, flip_verdict, unseal
from tests.evidence.tampering_chain import remove_end_and_line, remove_end_line, remove_middle, remove_middle_and_line
from tests.evidence.test_tampering import TAMPERED, case, made

__all__ = ["case", "made"]


def surveyed(case: Case) -> Surveyed:
    """Survey what an auditor verifies."""
    runs = case.forge.runs
    names = sorted(folder.name for folder in runs.iterdir() if folder.is_dir())
    return survey(runs, str(case.trust.environment), names, Belief(case.trust, "", case.forge.chain))


def invalid(found: Surveyed) -> list[str]:
    """Return the runs that do not hold."""
    return [name for name, seal in found.seals.items() if seal.state is State.INVALID]


def test_what_nobody_touched_holds(case: Case) -> None:
    """Four runs are verified, each stands in its place, and nothing is found."""
    found = surveyed(case)
    assert [seal.state for seal in found.seals.values()] == [State.VERIFIED] * 4
    assert (found.chained, found.placed, found.missing, found.findings) == (4, 4, 0, [])
    assert not any(seal.unplaced for seal in found.seals.values())


@pytest.mark.parametrize("name", TAMPERED)
def test_whatever_verifying_refuses_is_found(case: Case, name: str) -> None:
    """Each manipulation makes a run INVALID or the chain not hold; where `verify_chain` needs a head, none shows."""
    TAMPERED[name][0](case)
    if name == "passed off as another environment":
        case.forge.chain = case.forge.chain.parents[1] / "staging" / "chain.jsonl"
    found = surveyed(case)
    try:
        verify_chain(case.forge.runs, case.forge.chain, case.trust)
    except EvidenceInvalid:
        assert invalid(found) or found.findings
    else:
        assert TAMPERED[name][0] is remove_end_and_line
        assert (invalid(found), found.findings) == ([], [])


def test_nothing_hides_behind_the_first_bad_entry(case: Case) -> None:
    """A run that was altered, one whose verdict was flipped, and one that is gone: all three are told."""
    append("environment.json")(case)
    shutil.rmtree(case.runs[2])
    case.runs[1:] = [case.runs[3]]
    flip_verdict(case)
    found = surveyed(case)
    assert len(invalid(found)) == 2
    assert "missing; it is line 3" in found.findings[0]
    assert (found.placed, found.missing) == (1, 1)


def test_a_run_that_lost_its_seal_is_invalid_by_its_chain(case: Case) -> None:
    """Without the chain it would be UNSEALED; the chain knows that it was sealed, whether or not a key is trusted."""
    unseal(case)
    assert invalid(surveyed(case)) == [case.second.name]
    names = [run.name for run in case.runs]
    found = survey(case.forge.runs, "production", names, Belief(None, "no key", case.forge.chain))
    assert invalid(found) == [case.second.name]
    assert found.seals[names[0]].state is State.UNVERIFIED
    case.forge.chain.unlink()
    assert surveyed(case).seals[case.second.name].state is State.UNSEALED


def test_what_is_gone_shows_without_a_key_as_well(case: Case) -> None:
    """That a run is missing needs no key to be seen."""
    remove_middle(case)
    found = survey(case.forge.runs, "production", [], Belief(None, "no key", case.forge.chain))
    assert "missing; it is line 2" in found.findings[0]
    assert found.lost == case.second.name


def test_runs_that_the_chain_does_not_hold_are_told(case: Case) -> None:
    """The chain is gone, or its last line is: what says that it has a place is told, and holds by itself."""
    remove_end_line(case)
    found = surveyed(case)
    assert "its seal says that it is run 3 of the chain of production" in found.findings[0]
    assert [seal.unplaced for seal in found.seals.values()] == [False, False, False, True]
    case.forge.chain.unlink()
    found = surveyed(case)
    assert "there is no chain" in found.findings[0]
    assert "4 runs say that they have a place in it" in found.findings[0]
    assert (found.chained, invalid(found)) == (None, [])


def test_behind_a_line_that_does_not_follow_nothing_is_believed(case: Case) -> None:
    """The runs behind it are counted."""
    remove_middle_and_line(case)
    found = surveyed(case)
    assert "does not follow" in found.findings[0]
    assert "2 runs stand behind it or not at all" in found.findings[0]


def test_of_very_many_that_are_missing_the_first_are_named(case: Case) -> None:
    """A chain that names what is not here is as long as it likes; the list is not."""
    before, lines = None, []
    for seq in range(500):
        line = {"attestation": f"{seq:064x}", "prev": before, "run": f"<b>{seq}", "seq": seq}
        lines.append(json.dumps(line, sort_keys=True, separators=(",", ":")).encode() + b"\n")
        before = line["attestation"]
    case.write_lines(lines)
    found = survey(case.forge.runs, "production", [], Belief(case.trust, "", case.forge.chain))
    assert found.missing == 500
    assert found.findings[0].count("(line") == NAMED
    assert found.findings[0].endswith("and 490 more")


def test_a_run_that_is_sealed_meanwhile_is_no_finding(case: Case) -> None:
    """Runs that began or were sealed while others were being verified stand in the chain, and are looked at then."""
    names = [run.name for run in case.runs]
    case.forge.clock.at += DAY
    late = case.forge.record()
    newest: list[Path] = []

    def tell() -> None:
        if not newest:
            newest.append(late)
            case.forge.seal(late)
            newest.append(case.forge.run())

    found = survey(case.forge.runs, "production", [late.name, *names], Belief(case.trust, "", case.forge.chain), tell)
    assert (found.findings, invalid(found), found.chained) == ([], [], 6)
    assert found.seals[late.name].state is State.VERIFIED


def test_clocks_that_were_set_back_between_runs_are_told(tmp_path: Path) -> None:
    """A run that claims to be older than the one it follows: the chain does not hold."""
    forge = Forge(tmp_path)
    forge.authority = None
    forge.run()
    forge.clock.at -= 3 * DAY
    forge.run()
    names = sorted(run.name for run in forge.runs.iterdir())
    found = survey(forge.runs, "production", names, Belief(forge.trust, "", forge.chain))
    assert "sealed before the run that it follows" in found.findings[0]
