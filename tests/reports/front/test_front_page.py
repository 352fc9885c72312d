"""The page over all runs: every run is on it, gaps are gaps, and no text of others is anything but text."""

import re
from collections import Counter
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from apgms_ops.compliance.controls import load_controls
from apgms_ops.probes.error_budgets import error_budgets
from apgms_ops.reports.front import Documents, front_page, read_front
from apgms_ops.reports.front.verifying import Believed, nobody
from tests.reports.recorded import altered, planned, write_run
from tests.reports.seen import START, observed, refused

CONTROLS = load_controls().controls
DAY = timedelta(days=1)
NOW = START + timedelta(hours=10)
HOSTILE = "<script>x</script>\"'><img src=x onerror=x>\u202e"
VOID = {"meta", "link", "br", "img"}


class Page(HTMLParser):
    """A page that was read: its words, its elements, and whether each that is opened is closed."""

    def __init__(self, text: str) -> None:
        """Read it."""
        super().__init__()
        self.raw = text
        self.words: list[str] = []
        self.elements: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.ids: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element."""
        self.elements[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element that ends at once."""
        self.elements[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        """Leave it."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Take text."""
        if self._open[-1:] != ["style"]:
            self.words.append(data)

    @property
    def text(self) -> str:
        """Every word of it, white space made even."""
        return " ".join(" ".join(self.words).split())


def drawn(  # noqa: PLR0913 — what a page is drawn from
    runs: Path,
    now: datetime = NOW,
    latest: int = 30,
    reports: frozenset[str] = frozenset(),
    *,
    believed: Believed = nobody,
    documents: Documents = Documents(),  # noqa: B008 — frozen, and empty
) -> Page:
    """Draw the page and read it; it is well-formed, has no script, and no two places of one name."""
    page = Page("".join(front_page(read_front(runs, latest, believed), CONTROLS, reports, now, documents)))
    assert page.elements["script"] == page.elements["img"] == page.elements["link"] == 0
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert len(page.ids) == len(set(page.ids))
    targets = {value[1:] for _, name, value in page.attributes if name == "href" and value.startswith("#")}
    assert targets <= set(page.ids)
    return page


def signs(page: Page, month: str) -> dict[int, str]:
    """Return the sign of each day of a month that has one."""
    table = next(t for t in page.raw.split('<table class="month">') if t.startswith(f"<caption>{month}"))
    return {int(day): sign for day, sign in re.findall(r'>(\d+)<b aria-hidden="true">(.)</b>', table)}


def row(page: Page, control: str) -> str:
    """Return the row of a control."""
    return re.split(rf'scope="row">{control}<', page.raw)[1].partition("</tr>")[0]


@pytest.mark.parametrize("there", [True, False])
def test_no_run_is_a_page_that_says_so(tmp_path: Path, there: bool) -> None:  # noqa: FBT001 — a parameter
    """An empty folder and none at all are no error, and nothing on the page looks green."""
    if there:
        (tmp_path / "runs").mkdir()
    page = drawn(tmp_path / "runs")
    assert "No run has been recorded yet" in page.text
    assert "PASS" not in page.text


def test_one_run_shows_its_day_its_controls_and_where_it_lies(tmp_path: Path) -> None:
    """Its verdict stands on its day, and links lead to its ledger, and to its report where one was drawn."""
    run = write_run(tmp_path / "runs", observations=observed())
    page = drawn(tmp_path / "runs", reports=frozenset([run.name]))
    assert signs(page, "November 2026") == {23: "✓"}
    links = {value for _, name, value in page.attributes if name == "href"}
    assert {f"runs/{run.name}/ledger.jsonl", f"html/{run.name}.html"} <= links
    assert "2026-11-23 02:00 UTC, 10 h ago" in page.text
    assert "PASS" in row(page, "audit-logging")


def test_a_day_without_a_run_that_was_due_is_missing(tmp_path: Path) -> None:
    """Three days without one are three missing runs; a run that is half an hour late is none."""
    for days in (6, 5, 1):
        write_run(tmp_path / "runs", START - days * DAY + timedelta(minutes=30 * (days % 2)))
    write_run(tmp_path / "runs", START)
    page = drawn(tmp_path / "runs")
    assert signs(page, "November 2026") == {17: "✓", 18: "✓", 19: "○", 20: "○", 21: "○", 22: "✓", 23: "✓"}
    assert "3 missed since the first" in page.text


def test_a_run_of_other_checks_is_no_run_of_the_daily_ones(tmp_path: Path) -> None:
    """The gate of a release, a replay and a run without its end do not stand in for what was due."""
    runs = tmp_path / "runs"
    write_run(runs, START - 3 * DAY)
    write_run(runs, START - 2 * DAY, checks=planned(daily=False))
    write_run(runs, START - DAY, replay_of="20261120T020000.000Z-production-aaaaaa")
    write_run(runs, START, closed=False)
    page = drawn(runs)
    assert signs(page, "November 2026") == {20: "✓", 21: "○", 22: "○", 23: "○"}
    assert "overdue for 58 h" in page.text


def test_runs_that_are_late_now_are_said_to_be(tmp_path: Path) -> None:
    """Nobody has run the checks for nine days: the card of the environment says so first."""
    write_run(tmp_path / "runs")
    page = drawn(tmp_path / "runs", NOW + 9 * DAY)
    assert "overdue for 8 d" in page.text
    assert "older than 7d" in row(page, "audit-logging")


def test_a_run_of_the_future_counts_for_nothing(tmp_path: Path) -> None:
    """A clock that is a week ahead does not make up for a week without runs."""
    write_run(tmp_path / "runs", START - 5 * DAY)
    write_run(tmp_path / "runs", START + 7 * DAY)
    page = drawn(tmp_path / "runs")
    assert "in the future: a clock is wrong" in page.text
    assert "4 missed" in page.text


def test_a_run_that_does_not_verify_is_shown_as_invalid(tmp_path: Path) -> None:
    """It is never dropped: it stands on its day, in the table with its reason, and at the top of the page."""
    runs = tmp_path / "runs"
    altered(write_run(runs, START - 2 * DAY))
    (runs / "20261122T020000.000Z-production-ffffff").mkdir()
    (runs / "nonsense").mkdir()
    write_run(runs, START).rename(runs / "20261124T020000.000Z-production-eeeeee")
    page = drawn(runs)
    assert signs(page, "November 2026") == {21: "!", 22: "!", 24: "!"}
    for words in ("4 runs do not verify", "it was altered", "cannot be read", "nonsense", "is that of run 20261123T"):
        assert words in page.raw


def test_the_worst_of_a_day_is_what_its_day_shows(tmp_path: Path) -> None:
    """A run that failed is not hidden by one that passed an hour later."""
    write_run(tmp_path / "runs", START, verdicts={0: "FAIL"})
    write_run(tmp_path / "runs", START + timedelta(hours=1))
    page = drawn(tmp_path / "runs")
    assert signs(page, "November 2026") == {23: "✕"}
    assert "2 runs" in page.text


@pytest.mark.parametrize(
    ("verdict", "sign"), [("FAIL", "✕"), ("UNKNOWN", "?"), ("WAIVED", "w"), ("SKIPPED", "\N{EN DASH}"), ("PASS", "✓")]
)
def test_the_matrix_shows_the_worst_verdict_of_a_control(tmp_path: Path, verdict: str, sign: str) -> None:
    """Two checks of one control, of which one is worse: that one counts."""
    write_run(tmp_path / "runs", verdicts={0: verdict, 3: "SKIPPED" if verdict == "SKIPPED" else "PASS"})
    found = row(drawn(tmp_path / "runs"), "audit-logging")
    assert f">{sign}</span></td>" in found
    assert verdict in found
    assert ("GAP" in found) == (verdict == "SKIPPED")


def test_a_control_that_nobody_looked_at_is_a_gap(tmp_path: Path) -> None:
    """All twelve are there; those without evidence say so, and those that no check can give say that too."""
    write_run(tmp_path / "runs")
    page = drawn(tmp_path / "runs")
    for control in CONTROLS:
        looked_at = any(control.name in check["controls"] for check in planned())
        assert ("GAP" in row(page, control.name)) == (not looked_at)
    assert "supplied by hand" in row(page, "personnel-security")


def test_an_unsealed_run_says_so(tmp_path: Path) -> None:
    """No run is taken for evidence that is none, and no seal is said to hold."""
    write_run(tmp_path / "runs", sealed=False)
    assert "UNSEALED : a record, and no evidence" in drawn(tmp_path / "runs").text
    write_run(tmp_path / "other", sealed=True)
    assert "SEALED, NOT VERIFIED" in drawn(tmp_path / "other").text


def test_service_levels_are_drawn_over_the_runs(tmp_path: Path) -> None:
    """Each figure against its limit; what a run could not read is marked, and is no point at zero."""
    runs = tmp_path / "runs"
    for days, left in ((3, 0.9), (2, 0.8), (0, 0.05)):
        write_run(runs, START - days * DAY, observations=observed(START - days * DAY, left=left, behind=412))
    blind = [refused(error_budgets, START - DAY), *observed(START - DAY)[1:]]
    write_run(runs, START - DAY, verdicts={1: "UNKNOWN"}, observations=blind)
    page = drawn(runs)
    budget = page.raw.split("Error budget left, api-gateway</figcaption>")[1].partition("</figure>")[0]
    assert '<strong class="t-fail">5.0%</strong>' in budget
    assert budget.count('class="dot"') == 2
    assert budget.count('class="red"') == budget.count('class="not-known"') == 1
    assert "2026-11-22 02:00 UTC: not known" in budget
    assert "Requests within 250ms, api-gateway" in page.text
    assert "Oldest unreconciled payment, payments" in page.text


def test_an_altered_observation_is_no_figure(tmp_path: Path) -> None:
    """Figures come from records whose digests the ledger names; another one is not drawn."""
    run = write_run(tmp_path / "runs", observations=observed())
    for file in (run / "observations").iterdir():
        file.write_text(file.read_text().replace('"errors":', '"errors": '))
    assert "Error budget left" not in drawn(tmp_path / "runs").text


def test_hostile_text_is_text(tmp_path: Path) -> None:
    """Names of folders, environments and checks, and what was seen, are words on the page."""
    runs = tmp_path / "runs"
    write_run(runs, verdicts={0: "FAIL"}, seen=HOSTILE, checks=planned(hostile=HOSTILE))
    hostile = runs / HOSTILE.replace("/", "_")
    hostile.mkdir()
    (hostile / "ledger.jsonl").write_text(HOSTILE)
    page = drawn(runs)
    assert page.elements["img"] == 0
    assert "\u202e" not in page.raw


def test_four_hundred_runs_are_all_there_and_few_are_listed(tmp_path: Path) -> None:
    """More than a year of days, the oldest folded; in the tables as many runs as were asked for, and the broken."""
    runs = tmp_path / "runs"
    for days in range(400):
        run = write_run(runs, START - days * DAY)
        if days == 300:
            altered(run)
    page = drawn(runs, latest=20)
    counted = [page.raw.count(part) for part in ('<td class="pass', '<td class="invalid', '<tr id="r-')]
    assert counted == [399, 1, 21]
    assert "October 2025 and before" in page.text
    assert "the latest 20 of 400" in page.text
    assert len(page.raw) < 400_000


def test_a_replay_colours_no_day(tmp_path: Path) -> None:
    """A trial of other limits on what was seen is listed, and says nothing of the day on which it was tried."""
    run = write_run(tmp_path / "runs")
    write_run(tmp_path / "runs", START + timedelta(hours=1), verdicts={0: "FAIL"}, replay_of=run.name)
    page = drawn(tmp_path / "runs")
    assert signs(page, "November 2026") == {23: "✓"}
    assert f"replay of {run.name}" in page.text
