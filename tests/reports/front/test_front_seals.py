"""Seals and chains on the page over all runs: what is said to hold does, and what does not hold is nowhere green."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from apgms_ops.evidence.ledger import CLOSE, VERDICT
from apgms_ops.evidence.trust import Trust
from apgms_ops.reports.front import read_front
from tests.evidence.making import Book, a_key
from tests.reports.front.site import Site
from tests.reports.front.test_front_page import HOSTILE, NOW, Page, drawn, row, signs
from tests.reports.recorded import planned, write_run
from tests.reports.seen import START

DAY = timedelta(days=1)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site without runs."""
    return Site(tmp_path)


def look(site: Site, latest: int = 30) -> Page:
    """Draw the page by the keys that the site's file trusts."""
    return drawn(site.runs, latest=latest, believed=site.believed)


def rehashed(run: Path) -> None:
    """Turn every verdict into PASS, with counts, exit and hash chain to match: the ledger by itself verifies."""
    book = Book.read(run / "ledger.jsonl")
    for entry in book.of(VERDICT):
        entry["body"]["verdict"] = "PASS"
    book.of(CLOSE)[0]["body"] |= {"verdicts": {"PASS": len(book.of(VERDICT))}, "exit": 0}
    book.write(run / "ledger.jsonl")


def line(page: Page, run: Path) -> str:
    """Return the row of a run in a table."""
    return page.raw.split(f'<tr id="r-{run.name}">')[1].partition("</tr>")[0]


def test_a_run_that_holds_says_by_which_key_and_when(site: Site) -> None:
    """The key, the authority and the time it gave, the place in the chain, and when all of that was verified."""
    run = site.run()
    page = look(site)
    dated = "dated 2026-11-23 03:00:00 UTC by CN=toy authority"
    assert f"SEALED, verified by key ops-2026; {dated}; run 0 of the chain" in page.text
    assert f"key ops-2026; {dated}; run 0 of the chain" in line(page, run)
    assert "1: 1 sealed and verified" in page.text
    assert "holds: 1 run in its place" in page.text
    assert f"verified when this page was drawn, {NOW:%Y-%m-%d %H:%M:%S} UTC; verify them yourself" in page.text
    assert "GAP" not in row(page, "audit-logging")
    assert not set(page.text.split()) & {"UNSEALED", "UNTIMESTAMPED", "UNCHAINED"}


def test_a_run_that_nobody_dated_says_so(site: Site) -> None:
    """Its time is only claimed; a timestamp whose authority the verifier does not know is no date either."""
    site.forge.authority = None
    site.run()
    assert "UNTIMESTAMPED , the time is only claimed: no authority was asked" in look(site).text
    other = Site(site.runs.parent / "other")
    other.run()
    other.trust = replace(other.trust, authorities=())
    assert "the verifier trusts no authority to read it by" in look(other).text


def test_a_run_without_a_place_in_the_chain_says_so(site: Site) -> None:
    """It is verified, and UNCHAINED: that a run beside it was removed would not show."""
    site.run(chained=False)
    page = look(site)
    assert "UNCHAINED : " in page.text
    assert "1: 1 sealed and verified, 1 UNCHAINED" in page.text
    assert "The chain of production does not hold" not in page.text


def test_without_a_trusted_key_nothing_is_said_to_hold(site: Site) -> None:
    """The seal is there, nobody can tell whether it holds, and the page says why."""
    site.run()
    site.trust = replace(site.trust, keys=())
    page = look(site)
    why = "for no key to verify it by is trusted: environment production names no key to believe"
    assert f"SEALED, NOT VERIFIED , {why}" in page.text
    assert "1: 1 NOT VERIFIED" in page.text
    assert "No seal could be verified when this page was drawn" in page.text
    assert "NOT VERIFIED" in row(page, "audit-logging")
    assert "verified by key" not in page.text


def _note(run: Path) -> None:
    (run / "note.txt").write_text("x")


def _flip(run: Path) -> None:
    ledger = run / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b'"verdict":"FAIL"', b'"verdict":"PASS"'))


def _result(run: Path) -> None:
    file = min((run / "observations").iterdir())
    file.write_bytes(file.read_bytes() + b" ")


def _unseal(run: Path) -> None:
    (run / "attestation.json").unlink()
    (run / "timestamp.tsr").unlink()


ALTERED: dict[str, tuple[Callable[[Path], None], str]] = {
    "a file was added": (_note, "note.txt: added after the run was sealed"),
    "a verdict was flipped": (_flip, "it was altered"),
    "verdicts were flipped and hashed anew": (rehashed, "ledger.jsonl: its content is not what was sealed"),
    "an observation was altered": (_result, "its content is not what was sealed"),
    "the seal was taken away": (_unseal, "attestation.json: missing, and line 3 of the chain holds its digest"),
}


@pytest.mark.parametrize("what", ALTERED)
def test_a_run_that_was_altered_is_green_nowhere(site: Site, what: str) -> None:
    """Its day, its row, its columns, the charts and every control say INVALID, and the first bad entry is named."""
    act, named = ALTERED[what]
    *_, newest = site.days(3, {0: dict.fromkeys(range(6), "FAIL")})
    act(newest)
    page = look(site)
    assert signs(page, "November 2026") == {21: "✓", 22: "✓", 23: "!"}
    head = page.raw.partition('<main id="main">')[0]
    assert "1 run does not verify" in head
    assert newest.name in head
    assert named in head
    assert '<span class="b invalid">' in line(page, newest)
    assert named in line(page, newest)
    assert "PASS" not in line(page, newest)
    for control in ("audit-logging", "authentication", "supply-chain-visibility"):
        found = row(page, control)
        assert "GAP" in found
        assert f"{newest.name} is INVALID, and what it saw is not known" in found
        assert '<span class="b pass">' not in found
        assert '<span class="b invalid">' in found
        assert found.rstrip().endswith('<span class="invalid" role="img" aria-label="INVALID">!</span></td>')
    budget = page.raw.split("Error budget left, api-gateway</figcaption>")[1].partition("</figure>")[0]
    assert '<strong class="t-unknown">not known</strong>' in budget
    assert budget.count('class="dot"') == 2
    assert "INVALID" in page.raw.split("<dt>Latest run</dt>")[1].partition("</dd>")[0]


def test_a_run_that_says_it_is_of_another_environment_leaves_a_gap(site: Site) -> None:
    """Whoever moves a red run to an environment that nobody verifies: its own chain tells, and older green is none."""
    *_, newest = site.days(2, {0: {0: "FAIL"}})
    ledger = newest / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b'"environment":"production"', b'"environment":"staging"'))
    rehashed(newest)
    page = look(site)
    assert "The chain of production does not hold" in page.text
    assert f"{newest.name} is missing or INVALID" in row(page, "audit-logging")
    assert '<span class="b invalid">' in line(page, newest)
    assert signs(page, "November 2026")[22] == "✓"


def test_a_run_by_a_file_of_another_name_is_of_its_environment(site: Site) -> None:
    """`--env some/through.toml` names the folder after the file; the plan and the seal say whose run it is."""
    site.forge.run(name="20261124T020000.000Z-through-0a1b2c")
    site.forge.run()
    page = look(site)
    assert "2: 2 sealed and verified" in page.text
    assert "holds: 2 runs, each in its place" in page.text
    assert "through" not in page.raw.partition('id="e-')[0].partition("</header>")[2]


def test_a_foreign_key_makes_a_run_invalid(site: Site) -> None:
    """Sealed by somebody, and not by whom the environment's file trusts: that is no seal."""
    site.run()
    site.trust = Trust((a_key().trusted,), site.trust.authorities, "production")
    page = look(site)
    assert "attestation.json: sealed with a key that is not trusted" in page.text
    assert signs(page, "November 2026") == {23: "!"}


def test_a_run_that_is_good_again_closes_the_gap(site: Site) -> None:
    """An INVALID run stays on its day; the controls that a later run looked at are evidenced anew."""
    older, *_ = site.days(3)
    _note(older)
    page = look(site)
    assert signs(page, "November 2026") == {21: "!", 22: "✓", 23: "✓"}
    assert "GAP" not in row(page, "audit-logging")
    assert "2 in their places, 1 INVALID" in page.text


def test_a_run_that_was_removed_is_a_finding_of_its_environment(site: Site) -> None:
    """From the middle: the chain does not hold, and the run is named at the top and in its environment."""
    _, middle, _ = site.days(3)
    shutil.rmtree(middle)
    page = look(site)
    found = f"{middle.name}: missing; it is line 2 of the chain of production"
    assert page.text.count("The chain of production does not hold") == 2
    assert page.text.count(found) == 2
    assert "Chain does not hold : see below" in page.text
    assert "GAP" not in row(page, "audit-logging")


def test_the_newest_run_that_was_removed_leaves_a_gap(site: Site) -> None:
    """What it saw is not known: the run before it is not the newest evidence."""
    *_, newest = site.days(3, {0: {0: "FAIL"}})
    shutil.rmtree(newest)
    found = row(look(site), "audit-logging")
    assert f"{newest.name} is missing or INVALID, and what it saw is not known" in found
    assert '<span class="b pass">' not in found


def test_a_chain_that_is_gone_is_a_finding(site: Site) -> None:
    """The runs hold by themselves, say that they have places, and nothing bears it out."""
    site.days(3)
    site.forge.chain.unlink()
    page = look(site)
    why = "there is no chain (production/chain.jsonl), and 3 runs say that they have a place in it"
    assert page.text.count(why) == 2
    assert "3: 3 sealed and verified" in page.text
    assert "run 2 of the chain, which does not bear it out" in page.text


def test_an_environment_whose_every_run_was_removed_is_there(site: Site) -> None:
    """Its chain still says that there were runs."""
    site.days(2)
    shutil.rmtree(site.runs)
    site.runs.mkdir()
    page = look(site)
    assert "2 runs of the chain are missing" in page.text
    assert "none is here" in page.text


def test_runs_of_other_environments_are_verified_by_their_own_keys(site: Site) -> None:
    """A key that is good for staging does not seal production."""
    site.run()
    staging = Site(site.runs.parent, "staging")
    staging.run(START + timedelta(minutes=5))
    trusts = {"production": site, "staging": staging}
    page = drawn(site.runs, believed=lambda name: trusts[name].believed(name))
    assert page.text.count("1 sealed and verified") == 2
    staging.trust = site.trust
    page = drawn(site.runs, believed=lambda name: trusts[name].believed(name))
    assert page.text.count("1 sealed and verified") == 1
    assert "sealed with a key that is not trusted" in page.text


def test_a_run_that_changes_while_the_page_is_drawn_is_invalid(site: Site) -> None:
    """What is read is what was verified, or it is not believed."""
    run = site.run(verdicts={0: "FAIL"})

    def tick(what: str, _count: int) -> None:
        if what == "verified":
            rehashed(run)

    front = read_front(site.runs, 30, site.believed, tick)
    assert [entry.verdict for estate in front.estates for entry in estate.lines] == [None]


def test_progress_is_told_run_by_run(site: Site) -> None:
    """Verifying and reading are told apart, with how many are done."""
    site.days(3)
    told: list[tuple[str, int]] = []
    read_front(site.runs, 30, site.believed, lambda what, count: told.append((what, count)))
    assert told == [(what, count) for what in ("verified", "read") for count in (1, 2, 3)]


def test_hostile_text_in_seals_and_chains_is_text(site: Site) -> None:
    """Names of keys, of files in a run, of runs in a chain, and what a forged seal says: words, and nothing else."""
    site.run(checks=planned(hostile=HOSTILE), seen=HOSTILE, verdicts={0: "FAIL"})
    key = site.trust.keys[0]
    site.trust = replace(site.trust, keys=(replace(key, name=HOSTILE),))
    other = site.run(START + DAY)
    (other / HOSTILE.replace("/", "_")).write_text("x")
    last = site.forge.chain.read_bytes().splitlines()[-1]
    name = HOSTILE.replace('"', "'").replace("/", "_").encode("unicode_escape")
    site.forge.chain.write_bytes(site.forge.chain.read_bytes().replace(last, last.replace(other.name.encode(), name)))
    staging = write_run(site.runs, name="staging")
    (staging / "attestation.json").write_text(HOSTILE)
    page = drawn(
        site.runs, believed=lambda name: replace(site.believed(name), why="" if name == "production" else HOSTILE)
    )
    assert page.elements["img"] == 0
    assert "\u202e" not in page.raw
    assert "&lt;script&gt;" in page.raw


def test_a_report_of_an_invalid_run_is_not_led_to(site: Site) -> None:
    """A report that was drawn before shows what cannot be believed any more."""
    run = site.run()
    names = frozenset([run.name])
    assert f"html/{run.name}.html" in drawn(site.runs, reports=names, believed=site.believed).raw
    _note(run)
    assert f"html/{run.name}.html" not in drawn(site.runs, reports=names, believed=site.believed).raw
