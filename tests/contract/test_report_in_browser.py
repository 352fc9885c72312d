"""The reports as a browser shows them: drawn by the real renderer, opened from the disk in Chromium, headless."""

import os
from collections.abc import Iterator
from datetime import timedelta
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ReportError, SandboxError
from apgms_ops.evidence.run import read_run
from apgms_ops.reports.html import AllureTool, Renderer, node
from apgms_ops.reports.html.offline import foreign
from apgms_ops.sandbox import debian
from apgms_ops.sandbox.world import World, user_cache
from tests.contract.chromium import Page, chromium
from tests.reports.recorded import CATALOGUE, planned, write_run
from tests.reports.seen import START, observed

pytestmark = pytest.mark.sandbox
PATIENCE = 600.0
TITLE = "apgms-ops: production, 2026-11-23 02:00:00 UTC"
TAKEN = "document.title='taken over'; top.document.title='taken over'"
SCRIPT = f"<script>{TAKEN}</script>"
HOSTILE = f" group {SCRIPT}<img src=x onerror=\"{TAKEN}\"><iframe src='javascript:{TAKEN}'></iframe>{{{{constructor}}}}"
VERDICTS = {0: "WAIVED", 1: "UNKNOWN", 2: "FAIL", 4: "SKIPPED"}
ALLURES = {0: "Failed", 1: "Broken", 2: "Failed", 3: "Passed", 4: "Skipped", 5: "Passed"}
# What of a stranger's would have run, or been drawn: none of it is ours, in the page or in a frame of it.
ACTIVE = (
    "[document, ...[...document.querySelectorAll('iframe')].map(f => f.contentDocument).filter(Boolean)]"
    ".flatMap(d => [...d.querySelectorAll('img[src=x], [onerror], [onload], iframe[src^=javascript]')])"
    ".map(e => e.outerHTML)"
)


def words(page: Page) -> str:
    """Return every word that is seen, those in frames included, white space made even."""
    text = page.run(
        "[document, ...[...document.querySelectorAll('iframe')].map(f => f.contentDocument).filter(Boolean)]"
        ".map(d => d.body.innerText).join(' ')"
    )
    return " ".join(str(text).split())


def harmless(page: Page, title: str = TITLE) -> None:
    """Require that nothing of a stranger's ran, nobody was asked, and the browser had nothing to stop."""
    assert page.run("document.title") == title
    assert page.run(ACTIVE) == []
    assert page.strangers == []
    assert page.complaints == []


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Where the programs come from that this needs; the renderer is kept in the user's cache, like the product's."""
    cache = user_cache()
    cache.mkdir(parents=True, exist_ok=True)
    return World(tmp_path_factory.mktemp("world"), cache=cache)


@pytest.fixture(scope="module")
def browser(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Chromium."""
    try:
        program = debian.program(world, "chromium", "chromium", Deadline(PATIENCE))
    except SandboxError as error:
        pytest.skip(f"no browser: {error}")
    with chromium(program, tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def page(browser: Page) -> Page:
    """The browser at a desk, by day."""
    browser.look()
    return browser


@pytest.fixture(scope="module")
def report(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run in which everything that can be hostile is, with a day before it."""
    try:
        node.find(os.environ)
    except ReportError as error:
        pytest.skip(f"no renderer: {error}")
    runs = tmp_path_factory.mktemp("site") / "reports" / "runs"
    before = START - timedelta(days=1)
    write_run(runs, before, observations=observed(before))
    hostile: dict[str, Any] = {"seen": f"seen:{HOSTILE}", "checks": planned(hostile=HOSTILE)}
    run = write_run(runs, verdicts=VERDICTS, observations=observed(behind=412), **hostile)
    output = runs.parent / "html" / f"{run.name}.html"
    tool = AllureTool(world.cache, os.environ, print)
    assert Renderer(tool).render(read_run(run), output, Deadline(PATIENCE)) == len(CATALOGUE)
    return output


def address(report: Path, number: int) -> str:
    """Return where a check stands in the report."""
    name = md5(f"{number}-{CATALOGUE[number][0]}".encode(), usedforsecurity=False).hexdigest()
    return f"{report.as_uri()}#{name}"


def test_the_browser_would_be_caught_asking_elsewhere(page: Page, tmp_path: Path) -> None:
    """The instrument works: a page that does load from another host, and runs a script, is seen doing both."""
    leaky = tmp_path / "leaky.html"
    leaky.write_text(f"<title>x</title><img src='http://leaky.example/x.png'><img src=x onerror=x>{SCRIPT}")
    page.open(leaky.as_uri())
    assert page.run("document.title") == "taken over"
    assert page.run(ACTIVE) != []
    assert any("leaky.example" in asked for asked in page.strangers)
    assert page.complaints != []


def test_the_overview_shows_the_run_and_asks_nobody(page: Page, report: Path) -> None:
    """Opened from the disk, the page shows what the run came to, every verdict, and all three groupings."""
    assert foreign(report.read_text()) == []
    assert "googletagmanager" not in report.read_text()
    page.open(report.as_uri())
    seen = words(page)
    for said in (
        "apgms-ops: production",
        "FAIL (1 FAIL, 1 UNKNOWN, 1 WAIVED, 1 SKIPPED, 2 PASS)",
        "sealed (not verified here)",
        "Control · audit-logging",
        "Runbook · daily-checks 3. Kafka consumer lag",
        "Service · payments",
        "WAIVED · No consumer group",
    ):
        assert said in seen
    harmless(page)


@pytest.mark.parametrize("number", range(len(CATALOGUE)))
def test_a_check_shows_its_verdict_and_hostile_text_is_text(page: Page, report: Path, number: int) -> None:
    """Verdict, promise and what was seen are readable; tags in them are words, and nothing of them runs or loads."""
    page.open(address(report, number))
    seen = words(page)
    verdict = VERDICTS.get(number, "PASS")
    assert ALLURES[number] in seen
    assert f"Verdict {verdict}: " in seen
    promise = " ".join(f"{CATALOGUE[number][1]}{HOSTILE}".split())
    assert promise in seen, "as it was, and not as the tags in it would have it"
    assert (f"seen:{HOSTILE}" in seen) == (verdict != "PASS")
    assert f"{CATALOGUE[number][2]}, step {CATALOGUE[number][3]}" in seen
    harmless(page)


def test_a_check_shows_its_picture_its_limit_and_its_history(page: Page, report: Path) -> None:
    """The drawing is an image that is seen without a click, the limit has its source, and the day before is told."""
    page.open(address(report, 0))
    pictures = (
        "[document, ...[...document.querySelectorAll('iframe')].map(f => f.contentDocument).filter(Boolean)]"
        ".flatMap(d => [...d.images]).filter(i => i.src.startsWith('data:image/svg') && i.naturalWidth > 500).length"
    )
    assert page.run(pictures) == 1
    assert "consumer lag: 200 (runbook: Daily Checks, step 3)" in words(page)
    assert "History 1" in words(page)
    harmless(page)


def test_the_raw_evidence_opens_and_is_text(page: Page, report: Path) -> None:
    """Every attachment can be unfolded, none is missed, and nothing in it runs."""
    page.open(address(report, 0))
    assert "missed" not in words(page)
    shown = "document.querySelectorAll('[data-testid*=attachment] button, [data-testid*=attachment-row]').length"
    assert page.run(shown) > 0
    page.run("document.querySelectorAll('[data-testid*=attachment]').forEach(e => e.click())")
    page.settle()
    harmless(page)


@pytest.mark.parametrize("place", ["categories", "charts"])
def test_every_other_view_is_as_harmless(page: Page, report: Path, place: str) -> None:
    """Groups, graphs and times show names and messages, and nothing of them runs or loads."""
    page.open(f"{report.as_uri()}#{place}")
    assert len(words(page)) > 100
    harmless(page)


@pytest.mark.parametrize("number", [None, 0])
def test_the_report_fits_a_telephone(page: Page, report: Path, number: int | None) -> None:
    """375 pixels wide, the page itself does not scroll sideways, by night as well."""
    page.look(width=375, height=800, dark=True)
    page.open(report.as_uri() if number is None else address(report, number))
    assert page.run("document.documentElement.scrollWidth") <= 375
    assert "production" in words(page) or "Verdict" in words(page)
    harmless(page)


def test_the_report_is_used_with_the_keyboard(page: Page, report: Path) -> None:
    """Tab leads from one thing that can be used to the next, the search among them, and never gets stuck."""
    page.open(report.as_uri())
    reached = []
    for _ in range(40):
        page.press("Tab")
        reached.append(page.run("(e => e.tagName + ':' + (e.textContent || '').slice(0, 30))(document.activeElement)"))
    assert any(one.startswith("INPUT") for one in reached)
    assert len(set(reached)) > 8
    harmless(page)
