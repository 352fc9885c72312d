"""The front page as a browser shows it: opened from the disk in Chromium, by day and by night, wide and narrow."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.compliance.controls import load_controls
from apgms_ops.compliance.supplied import Supplied
from apgms_ops.reports.front import Documents, front_page, read_front
from tests.contract.chromium import Page
from tests.contract.test_report_in_browser import HOSTILE, browser, harmless, page, words, world
from tests.reports.front.site import Site
from tests.reports.recorded import altered, planned, write_run
from tests.reports.seen import START, observed

__all__ = ["browser", "page", "world"]
pytestmark = pytest.mark.sandbox
TITLE = "APGMS operations: what the runs have shown"
SEALS = (
    "Seals and chains were verified when this page was drawn, 2026-11-23 11:00:00 UTC",
    "SEALED, verified by key ops-2026; dated 2026-11-23 03:00:00 UTC by CN=toy authority; run 34 of the chain",
    ": added after the run was sealed",
    "UNSEALED",
    "UNTIMESTAMPED, the time is only claimed",
    "UNCHAINED",
    "The chain of production does not hold",
    "missing; it is line 20 of the chain of production",
    "SEALED, NOT VERIFIED, for no key to verify it by is trusted: environment staging names no key to believe",
    "Screening policy, owner Screening policy",
    "GAP: expired at 2026-06-30",
)
# The contrast of every text that has a colour of its own, by the formula of WCAG 2.
CONTRASTS = """
(() => {
  const part = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = colour => {
    const [r, g, b] = colour.match(/[0-9.]+/g).map(Number);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = e => {
    const colour = getComputedStyle(e).backgroundColor;
    return colour === 'rgba(0, 0, 0, 0)' && e.parentElement ? ground(e.parentElement) : colour;
  };
  const contrast = e => {
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))];
    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.className + ' ' + e.innerText.slice(0, 20)];
  };
  const coloured = '.b, .month td *, .matrix td span, .bad, .warn, .faint, a, dt, dd, p, small, th, li';
  return [...document.querySelectorAll(coloured)]
    .filter(e => e.innerText && e.innerText.trim()).map(contrast).sort((a, b) => a[0] - b[0])[0];
})()
"""


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The front page of forty days in which everything happens that can, to two environments and their seals."""
    site = Site(tmp_path_factory.mktemp("site") / "reports")
    authority = site.forge.authority
    verdicts = {1: {0: "FAIL"}, 3: {0: "WAIVED"}, 5: {1: "UNKNOWN"}, 7: {4: "SKIPPED"}}
    for days in reversed(range(40)):
        at = START - timedelta(days=days)
        if days in (10, 11):
            continue
        given: dict[str, Any] = {"seen": HOSTILE, "checks": planned(hostile=HOSTILE)} if days == 1 else {}
        given |= {"verdicts": verdicts.get(days), "observations": observed(at, left=0.2 + days / 60, behind=20)}
        if days in (4, 13):
            write_run(site.runs, at, sealed=False, closed=days != 13, **given)
            continue
        site.forge.authority = None if days == 8 else authority
        run = site.run(at, chained=days != 6, **given)
        if days == 15:
            altered(run)
        if days == 2:
            (run / HOSTILE.replace("/", "_")[:200]).write_text("added")
        if days == 20:
            shutil.rmtree(run)
    staging = Site(site.runs.parent, "staging")
    staging.trust = replace(staging.trust, keys=())
    staging.run()
    sites = {"production": site, "staging": staging}
    documents = Documents([(_document("Screening policy"), ""), (_document(HOSTILE[:200]), "expired at 2026-06-30")])
    place = site.runs.parent / "index.html"
    now = START + timedelta(hours=9)
    read = read_front(site.runs, 30, lambda name: sites[name].believed(name))
    place.write_text("".join(front_page(read, load_controls().controls, frozenset(), now, documents)))
    return place


def _document(title: str) -> Supplied:
    values = {"control": "personnel-security", "owner": title, "file": "x.pdf", "sha256": "ab" * 32}
    return Supplied.model_construct(title=title, issued=START, expires=START + timedelta(days=200), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 375])
def test_the_front_page_fits_and_can_be_read(page: Page, front: Path, width: int, dark: bool) -> None:  # noqa: FBT001 — a parameter
    """Wide or narrow, by day or by night: no sideways scrolling, no text too faint to read, nobody is asked."""
    page.look(width=width, dark=dark)
    page.open(front.as_uri())
    assert page.run("document.documentElement.scrollWidth") <= width
    contrast, where = page.run(CONTRASTS)
    assert contrast >= 4.5, where
    seen = words(page)
    for said in ("2 runs do not verify", "MISSING", "GAP", "Error budget left, api-gateway", "staging", *SEALS):
        assert said in seen
    ground = page.run("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(20, 24, 30)" if dark else "rgb(255, 255, 255)")
    harmless(page, TITLE)


def test_the_front_page_is_used_with_the_keyboard(page: Page, front: Path) -> None:
    """Tab comes first to the way past the head; every step has a visible ring; a day leads to its run."""
    page.open(front.as_uri())
    page.press("Tab")
    assert page.run("document.activeElement.innerText") == "To the content"
    page.press("Enter")
    assert page.run("location.hash") == "#main"
    for _ in range(12):
        page.press("Tab")
        assert page.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        assert page.run("document.activeElement !== document.body")
    assert page.run("document.activeElement.closest('.month') !== null")
    page.press("Enter")
    assert page.run("location.hash").startswith("#r-2026")
    assert page.run("document.querySelector(':target').tagName") == "TR"
    harmless(page, TITLE)


def test_wide_tables_scroll_by_themselves_and_by_keyboard(page: Page, front: Path) -> None:
    """On a telephone the matrix scrolls within its frame, which the keyboard reaches; the control's name stays."""
    page.look(width=375)
    page.open(front.as_uri())
    assert page.run("(e => e.scrollWidth > e.clientWidth && e.tabIndex === 0)(document.querySelector('.wide'))")
    page.run("document.querySelector('.wide').scrollLeft = 400")
    assert page.run("document.querySelector('.matrix tbody th.control').getBoundingClientRect().left >= 0")


def test_an_invalid_run_stands_out(page: Page, front: Path) -> None:
    """Its badge is red, is ringed, and is unlike that of a run that failed; its day leads to the first bad entry."""
    page.open(front.as_uri())
    look = (
        "(e => {const s = getComputedStyle(e); return [s.backgroundColor, s.boxShadow]})(document.querySelector('%s'))"
    )
    invalid, failed = (page.run(look % f".b.{name}") for name in ("invalid", "fail"))
    assert invalid != failed
    red, green, blue = (int(part) for part in invalid[0].removeprefix("rgb(").removesuffix(")").split(", "))
    assert red > 2 * max(green, blue)
    assert invalid[1] != "none"
    page.run("location.hash = document.querySelector('.month .invalid a').getAttribute('href')")
    assert page.run("document.querySelector(':target').innerText.includes('INVALID')")
    assert page.run("document.querySelector(':target .words .bad').innerText.length > 10")
    harmless(page, TITLE)
