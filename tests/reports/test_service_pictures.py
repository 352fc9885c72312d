"""What is drawn of the services' speed, and of how they are seen from outside."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from apgms_ops.environment.limits import Limits
from apgms_ops.probes.gateway_latency import Latencies
from apgms_ops.probes.histogram_facts import Bucket, Histogram, Instance, Point
from apgms_ops.probes.outside_view import LENGTHS, Compared, OutsideView, OutsideViews
from apgms_ops.reports import latency_picture, outside_picture, svg

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIMITS = Limits()
HATCHED = "url(#unknown)"


def course(*slow: float, total: float = 1000.0) -> tuple[Point, ...]:
    """Return the last hours of the window: the share that was slow in each, the latest last."""
    hours = reversed(range(len(slow)))
    return tuple(Point(AT - n * HOUR, total * (1 - share), total) for n, share in zip(hours, slow, strict=True))


def histogram(**changed: object) -> Histogram:
    """Return a healthy histogram of a day, with a change."""
    whole = Histogram(
        what="requests of api-gateway",
        quantile=Decimal("0.95"),
        limit=timedelta(milliseconds=250),
        window=24 * HOUR,
        source="runbook: Service Overview",
        at=AT,
        newest=AT,
        gaps=(),
        buckets=(Bucket(0.25, 23_900.0), Bucket(None, 24_000.0)),
        instances=(Instance("gateway-1", (0.25,), 24_000.0, 500.0, 100.0, 2.0, 100.0, 0, 0),),
        unobserved=0.0,
        course=course(*[0.004] * 24),
    )
    return replace(whole, **changed)  # type: ignore[arg-type]


def drawn(**changed: object) -> str:
    """Return the drawing of one service's latency."""
    return latency_picture.draw(Latencies({"api-gateway": histogram(**changed)}), LIMITS)


def outside(**changed: object) -> str:
    """Return the drawing of one service from outside, with changes of the last minutes."""
    well = Compared(LENGTHS[0], 300.0, 0.0, 0.0, 0.0)
    windows = (replace(well, **changed), replace(well, length=LENGTHS[1], probes=86_400.0))  # type: ignore[arg-type]
    view = OutsideView("api-gateway", "blackbox", "http://edge/health/ready", AT, AT, (), windows)
    return outside_picture.draw(OutsideViews({"api-gateway": view}), LIMITS)


def words(drawing: str) -> str:
    """Return every text of a drawing, which must be well-formed XML."""
    root = ET.fromstring(drawing)  # noqa: S314 — our own drawing
    return " | ".join(element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text"))


def shapes(drawing: str, fill: str) -> int:
    """Return how many rectangles have a colour, the definition of the hatching left out."""
    return drawing.count(f'fill="{fill}"')


def test_a_healthy_latency_shows_every_hour_and_what_may_be_slow() -> None:
    """A column for each hour, none of them red, and the figure that the check judges."""
    drawing = drawn()
    assert shapes(drawing, svg.GOOD) == 24
    assert shapes(drawing, svg.BAD) == shapes(drawing, HATCHED) == 0
    assert "99.58% of 24,000 within 250ms" in words(drawing)
    assert "5% may be slower" in words(drawing)


def test_a_slow_hour_is_red_and_the_verdict_is_the_checks() -> None:
    """One slow hour is drawn red though the day keeps its promise; a slow day says so in red."""
    hour = drawn(course=course(*[0.004] * 23, 0.06))
    assert shapes(hour, svg.BAD) == 1
    assert shapes(hour, svg.BAD_DARK) == 0
    assert shapes(drawn(buckets=(Bucket(0.25, 20_000.0), Bucket(None, 24_000.0))), svg.BAD_DARK) == 1


@pytest.mark.parametrize(
    "points",
    [course(*[0.004] * 20), course(*[0.004] * 24)[:10] + course(*[0.004] * 24)[14:], ()],
    ids=["its begin is missing", "a hole", "nothing"],
)
def test_hours_of_which_nothing_is_known_are_hatched(points: tuple[Point, ...]) -> None:
    """No column is not a column of height zero."""
    drawing = drawn(course=points)
    assert shapes(drawing, HATCHED) == 1
    assert shapes(drawing, svg.GOOD) == len(points)


@pytest.mark.parametrize("total", [0.0, float("nan")])
def test_an_hour_without_requests_is_not_known(total: float) -> None:
    """Nobody asked, so nobody waited; that is no speed."""
    drawing = drawn(course=course(*[0.004] * 24, total=total))
    assert shapes(drawing, HATCHED) == 24
    assert shapes(drawing, svg.GOOD) == 0


def test_what_the_check_does_not_know_the_picture_does_not_either() -> None:
    """A window that is not scraped now is said to be not known, with the reason and with what was seen."""
    said = words(drawn(newest=None))
    assert "not known (99.58% of 24,000 within 250ms)" in said
    assert "nothing scrapes it now" in said


def test_requests_that_were_never_timed_are_told() -> None:
    """They count as slow, and the picture says why there are so many."""
    assert "3,000 were counted and never timed" in words(drawn(unobserved=3000.0))


def test_outside_and_inside_stand_beside_each_other() -> None:
    """What fails outside alone is red; what both see is not."""
    alone, both = outside(failing=0.5), outside(failing=0.5, ready_failing=0.5)
    assert shapes(alone, svg.BAD) == 1
    assert "outside: 50.00% of 300 probes" in words(alone)
    assert shapes(both, svg.BAD) == 0
    assert shapes(both, svg.GOOD_DARK) == 1


def test_what_was_not_probed_is_hatched() -> None:
    """No probe is no success."""
    drawing = outside(failing=None, probes=0.0)
    assert shapes(drawing, HATCHED) == 1
    assert "outside: not known" in words(drawing)
    assert "not probed within 5m" in words(drawing)


def test_nothing_declared_is_not_a_picture_of_health() -> None:
    """It says that there is nothing."""
    assert "nothing was timed" in words(latency_picture.draw(Latencies({}), LIMITS))
    assert "nobody looks" in words(outside_picture.draw(OutsideViews({}), LIMITS))


def test_hostile_names_are_inert() -> None:
    """A name from outside is text, whatever it holds."""
    name = "<script>alert(1)</script>"
    drawing = latency_picture.draw(Latencies({name: histogram(newest=None, what=name)}), LIMITS)
    assert "<script" not in drawing
    assert words(drawing)


def test_many_services_make_a_picture_of_the_worst() -> None:
    """The red one is drawn first, and what is left out is counted."""
    slow = histogram(buckets=(Bucket(0.25, 10.0), Bucket(None, 24_000.0)))
    services = {f"service-{n:02}": histogram() for n in range(30)} | {"zebra": slow}
    said = words(latency_picture.draw(Latencies(services), LIMITS))
    assert said.index("zebra") < said.index("service-00")
    assert "11 more services are not drawn: 0 of them red" in said
