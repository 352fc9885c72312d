"""What is drawn from recorded facts."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from apgms_ops.clients.kafka import Group, GroupProtocol, GroupState, Offset, Reading
from apgms_ops.clients.kafka.facts import Assigned, Member, Topic
from apgms_ops.environment.limits import Limits
from apgms_ops.observation import Observation
from apgms_ops.probes.budget_facts import Counted, ErrorBudgets, ServiceBudget
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.probes.consumer_groups import ConsumerLag
from apgms_ops.probes.consumer_lag import consumer_lag
from apgms_ops.probes.inventory import DeclaredGroup, Inventory
from apgms_ops.probes.slots import Gap
from apgms_ops.reports import budget_picture, lag_picture, svg
from apgms_ops.reports.pictures import picture

AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
LIMITS = Limits()


def lag_of(*offsets: Offset, groups: tuple[Group, ...] | None = None, partitions: int = 1) -> ConsumerLag:
    """Return two equal readings of groups that must read each the topic `audit.log`."""
    names = dict.fromkeys(o.group for o in offsets) if groups is None else [g.name for g in groups]
    found = tuple(group(name) for name in names) if groups is None else groups
    reading = Reading(AT, (Topic("audit.log", partitions),), found, offsets)
    declared = tuple(DeclaredGroup(name, ("audit.log",)) for name in names)
    return ConsumerLag(Inventory(declared, {"audit.log": partitions}), reading, reading)


def group(name: str, state: GroupState = GroupState.STABLE) -> Group:
    """Return a group with one member."""
    return Group(name, state, GroupProtocol.CLASSIC, (Member("m", "c", "h", (Assigned("audit.log", 0),)),))


def offset(name: str, lag: int | None, partition: int = 0) -> Offset:
    """Return where a group stands: `lag` behind, or without a commit."""
    committed = None if lag is None else 10_000_000 - lag
    return Offset(name, "audit.log", partition, 0, 10_000_000, committed, "m", 10_000_000)


def budget(**changed: object) -> ServiceBudget:
    """Return a healthy budget, with a change."""
    lengths = [("5m", 300), ("30m", 1800), ("1h", 3600), ("2h", 7200), ("6h", 21600)]
    days = [("1d", 86400), ("3d", 3 * 86400), ("30d", 30 * 86400)]
    counts = tuple(
        Counted(timedelta(seconds=seconds), timedelta(), seconds * 10.0, seconds * 0.001)
        for _, seconds in (*lengths, *days)
    )
    whole = ServiceBudget(
        service="api-gateway",
        target=Decimal("0.999"),
        window=timedelta(days=30),
        at=AT,
        skew=timedelta(),
        newest=AT,
        slot=timedelta(hours=1),
        replicas=1,
        scraped=1,
        gaps=(),
        counts=counts,
    )
    return replace(whole, **changed)  # type: ignore[arg-type]


def drawn_budget(**changed: object) -> str:
    """Return the drawing of one service's budget."""
    return budget_picture.draw(ErrorBudgets({"api-gateway": budget(**changed)}), LIMITS)


def words(drawing: str) -> list[str]:
    """Return every text of a drawing, which must be well-formed XML."""
    root = ET.fromstring(drawing)  # noqa: S314 — our own drawing
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]


def fills(drawing: str) -> list[str]:
    """Return the colours of a drawing's bars, legend and background left out."""
    after = drawing.partition("limit 200")[0] if "limit 200" in drawing else drawing
    return re.findall(r'<rect [^>]*height="18" fill="([^"]+)"', after)


def test_a_lag_picture_is_as_it_was_drawn_before() -> None:
    """The same facts give the same text, on every machine."""
    assert (
        lag_picture.draw(lag_of(offset("audit-writer", 50)), LIMITS) == (Path(__file__).parent / "lag.svg").read_text()
    )


def test_a_group_at_the_limit_is_red_and_below_it_is_not() -> None:
    """200 behind is red under a limit of 200, 199 is not: as the check decides it."""
    assert svg.BAD in fills(lag_picture.draw(lag_of(offset("audit-writer", 200)), LIMITS))
    assert svg.BAD not in fills(lag_picture.draw(lag_of(offset("audit-writer", 199)), LIMITS))


def test_the_sum_and_the_worst_partition_are_both_told() -> None:
    """Three partitions show their sum, and the one that is most behind."""
    offsets = [offset("audit-writer", lag, partition) for partition, lag in enumerate((10, 120, 90))]
    shown = words(lag_picture.draw(lag_of(*offsets, partitions=3), LIMITS))
    assert "220 behind" in shown
    assert "worst: partition 1, 120" in shown


def test_no_commit_is_never_drawn_as_zero() -> None:
    """A partition without a commit is said and hatched; a topic without any has no number at all."""
    alone = lag_picture.draw(lag_of(offset("audit-writer", None)), LIMITS)
    assert "not known" in words(alone)[4:]
    assert "no commit for partition 0" in words(alone)
    assert not any(text.startswith("0 ") for text in words(alone))
    assert alone.count("url(#unknown)") == 2, "the legend's, and the row's"
    beside = words(lag_picture.draw(lag_of(offset("audit-writer", 5), partitions=2), LIMITS))
    assert "5 behind, as far as is known" in beside
    assert "no commit for partition 1; worst: partition 0, 5" in beside


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Group("g", GroupState.DEAD, GroupProtocol.UNKNOWN), "the group does not exist"),
        (Group("g", GroupState.EMPTY, GroupProtocol.CLASSIC), "the group has no members"),
        (group("g", GroupState.PREPARING_REBALANCE), "the group is preparing a rebalance"),
        (replace(group("g"), unread="not authorised"), "the group could not be read: not authorised"),
    ],
)
def test_a_group_that_cannot_be_judged_says_why(found: Group, said: str) -> None:
    """What stands against believing a figure stands beside it."""
    shown = words(lag_picture.draw(lag_of(offset("g", 0), groups=(found,)), LIMITS))
    assert said in shown
    assert "0 behind, as far as is known" in shown


def test_a_commit_beyond_the_end_is_no_lag() -> None:
    """A commit for another log than the present one has no number."""
    beyond = Offset("g", "audit.log", 0, 0, 10, 500, "m", 10)
    shown = words(lag_picture.draw(lag_of(beyond), LIMITS))
    assert "commit beyond the end of partition 0" in shown
    assert not any(text.startswith("0 ") for text in shown)


def test_a_thousand_groups_make_a_small_picture_of_the_worst() -> None:
    """The worst are drawn, and what is left out is counted, with how many of it are red or not known."""
    offsets = [offset(f"group-{number:04}", number) for number in range(1000)]
    drawing = lag_picture.draw(lag_of(*offsets, offset("no-commit", None)), LIMITS)
    assert len(drawing) < 50_000
    shown = words(drawing)
    assert "group-0999" in shown
    assert "group-0959" not in shown
    left_out = next(text for text in shown if "not drawn" in text)
    assert left_out.startswith("961 more pairs")
    assert "760 of them at or over the limit" in left_out
    assert "1 of them not known" in left_out


def test_nothing_declared_is_not_a_picture_of_health() -> None:
    """An inventory without groups says that nothing was judged."""
    assert "No consumer group is declared, and none was judged." in words(lag_picture.draw(lag_of(), LIMITS))


HOSTILE = "\"><script>alert(1)</script>'&\x00\x1b[31m\u202e\uffff]]>"


def test_hostile_names_are_inert() -> None:
    """Tags, quotes, control characters and direction overrides in a name leave a well-formed drawing of words."""
    for drawing in (
        lag_picture.draw(lag_of(offset(HOSTILE, 300)), LIMITS),
        lag_picture.draw(lag_of(offset("g", 0), groups=(replace(group("g"), unread=HOSTILE),)), LIMITS),
        drawn_budget(service=HOSTILE),
        drawn_budget(service=HOSTILE, counts=()),
    ):
        assert words(drawing)
        assert "<script" not in drawing
        names = {element.tag.rpartition("}")[2] for element in ET.fromstring(drawing).iter()}  # noqa: S314 — as above
        assert names <= {"svg", "title", "defs", "pattern", "rect", "line", "text"}
        assert not any(char in drawing for char in "\x00\x1b\u202e\uffff")


def test_a_drawing_refers_to_nothing_outside() -> None:
    """No script, no style sheet, no link, no address but the name of SVG itself."""
    for drawing in (lag_picture.draw(lag_of(offset("g", 300)), LIMITS), drawn_budget()):
        assert re.findall(r"https?:[^\"]*", drawing) == ["http://www.w3.org/2000/svg"]
        assert not re.search(r"href|script|style|@import|<image|<use|foreignObject", drawing)


def test_a_long_name_is_cut_in_its_middle() -> None:
    """Names that differ at either end stay apart; the whole name is in the tip."""
    assert svg.shortened("a" * 50 + "-x", 11) == "aaaaa…aaa-x"
    assert svg.shortened("short", 11) == "short"
    assert "payments-" + "x" * 100 in lag_picture.draw(lag_of(offset("payments-" + "x" * 100, 1)), LIMITS)


def test_a_healthy_budget_shows_what_is_left_and_each_burn_rate() -> None:
    """What is left, how much is covered, and both windows of every pair stand there as numbers."""
    shown = words(drawn_budget())
    assert "90.0% left" in shown
    assert "2,592 errors of 25,920 allowed in 25,920,000 requests" in shown
    assert "100.0% of 30d; at least 99%" in shown
    assert [text for text in shown if "over" in text and "times" in text] == [
        "0.1 times over 1h, 0.1 times over 5m",
        "0.1 times over 6h, 0.1 times over 30m",
        "0.1 times over 1d, 0.1 times over 2h",
        "0.1 times over 3d, 0.1 times over 6h",
    ]
    assert svg.BAD not in drawn_budget()


def test_an_overspent_budget_is_red_and_below_zero() -> None:
    """More errors than allowed: a negative share, in red, and no bar."""
    counts = tuple(replace(counted, errors=counted.total * 0.002) for counted in budget().counts)
    drawing = drawn_budget(counts=counts)
    assert "-100.0% left" in words(drawing)
    assert f'fill="{svg.BAD_DARK}" font-weight="600">-100.0% left' in drawing


def test_zero_traffic_is_not_known_and_never_zero() -> None:
    """Windows without a request have no burn rate, and the budget has no share left."""
    counts = tuple(replace(counted, total=0.0, errors=0.0) for counted in budget().counts)
    shown = words(drawn_budget(counts=counts))
    assert shown.count("not known") == 1 + len(LIMITS.burn_rates)
    assert not any("% left" in text or "0.0 times" in text for text in shown)


def test_a_window_that_is_not_covered_is_not_believed() -> None:
    """With a third of the samples missing, the figure stands behind `not known`, and the hole is told."""
    gap = Gap(AT - timedelta(days=20), AT - timedelta(days=10))
    shown = words(drawn_budget(gaps=(gap,)))
    assert "66.7% of 30d; at least 99%" in shown
    assert "not known (90.0% would be left of what was seen)" in shown
    assert sum(text.startswith("not known") for text in shown) == 1, "the shorter windows are covered"


def test_fast_burn_is_red_in_its_pair_alone() -> None:
    """Only a pair whose two windows are both over its threshold is red."""
    fast = {timedelta(hours=1), timedelta(minutes=5)}
    counts = tuple(
        replace(counted, errors=counted.total * 0.02) if counted.length in fast else counted
        for counted in budget().counts
    )
    drawing = drawn_budget(counts=counts)
    assert f'fill="{svg.BAD_DARK}" font-weight="600">20.0 times over 1h, 20.0 times over 5m' in drawing
    assert drawing.count(f'fill="{svg.BAD_DARK}" font-weight="600"') == 1


def test_the_worst_service_is_drawn_first_and_many_are_counted() -> None:
    """Red before not known before well; what is left out is told with how many of it are not well."""
    services = {f"s{number:02}": budget(service=f"s{number:02}") for number in range(30)}
    services["blind"] = budget(service="blind", counts=())
    services["spent"] = budget(service="spent", counts=tuple(replace(c, errors=c.total) for c in budget().counts))
    drawing = budget_picture.draw(ErrorBudgets(services), LIMITS)
    shown = words(drawing)
    assert shown.index("spent") < shown.index("blind") < shown.index("s00")
    assert "12 more services are not drawn: all are well." in shown


def test_only_facts_of_the_packaged_probes_are_drawn() -> None:
    """A failed observation, another probe and facts of another structure have no picture, and are no error."""
    facts = FactsCodec(consumer_lag).encode(lag_of(offset("g", 1)), str)
    whole = Observation("consumer_lag", FactsCodec(consumer_lag).schema, AT, AT, 0.1, facts)
    assert (picture(whole, LIMITS) or "").startswith("<svg ")
    assert picture(replace(whole, schema="ConsumerLag@000000000000"), LIMITS) is None
    assert picture(replace(whole, probe="another"), LIMITS) is None
    assert picture(replace(whole, facts=None), LIMITS) is None
    assert picture(replace(whole, facts={"rows": []}), LIMITS) is None
