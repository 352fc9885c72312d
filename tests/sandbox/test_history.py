"""The sandbox's past: deterministic, healthy, and leading up to the present."""

from itertools import pairwise

from apgms_ops.sandbox.asking import samples
from apgms_ops.sandbox.history import LOOKUP, SERVICE, History, Incident, Origin, Shape

END = 1_795_000_000
ORIGIN = Origin("127.0.0.1:1", {"audit-writer": ("audit.log",)}, {"audit.log": 3})
Points = list[tuple[int, float]]


def points(text: str, name: str, **labels: str) -> Points:
    """Return the samples of the one series of that name with these labels."""
    found: Points = []
    wanted = {f'{key}="{value}"' for key, value in labels.items()}
    for line in text.splitlines():
        if line.startswith(f"{name}{{") and all(label in line for label in wanted):
            _, value, time = line.rsplit(" ", 2)
            found.append((int(time), float(value)))
    return found


def requests(text: str, status: str) -> Points:
    """Return the counter of look-ups with a status."""
    return points(text, "http_requests_total", service=SERVICE, route=LOOKUP, status=status)


def increase(series: Points, since: int) -> float:
    """Return by how much a counter grew, its restarts counted, as Prometheus does."""
    values = [value for time, value in series if time >= since]
    return sum(b - a if b >= a else b for a, b in pairwise(values))


def test_the_same_seed_and_end_give_the_same_past() -> None:
    """Two runs write the same bytes; another end, other ones."""
    assert History(Shape(days=2), ORIGIN, END).text() == History(Shape(days=2), ORIGIN, END).text()
    assert History(Shape(days=2), ORIGIN, END).text() != History(Shape(days=2), ORIGIN, END + 60).text()


def test_the_healthy_past_is_healthy_over_thirty_days() -> None:
    """About 99.99 % of the requests were answered, and the samples reach back beyond the window, up to its end."""
    text = History(Shape(), ORIGIN, END).text()
    begin = END - 30 * 86400
    good, bad = (sum(increase(requests(text, s), begin) for s in statuses) for statuses in (["200"], ["500", "503"]))
    assert 0.9997 < good / (good + bad) < 0.99999
    times = [time for time, _ in requests(text, "200")]
    assert times[0] < begin
    assert times[-1] == END
    assert max(b - a for a, b in pairwise(times)) < 300


def test_an_incident_fails_its_share_and_nothing_else() -> None:
    """Of the last hour's requests a tenth failed, of the day before hardly any."""
    text = History(Shape(days=2, incidents=(Incident(1 / 24, 1 / 24, 0.1),)), ORIGIN, END).text()
    failed, good = requests(text, "503"), requests(text, "200")
    share = increase(failed, END - 3600) / (increase(failed, END - 3600) + increase(good, END - 3600))
    assert 0.09 < share < 0.11
    before = [(t, v) for t, v in failed if t < END - 3700]
    assert increase(before, 0) < 200


def test_a_hole_holds_no_samples() -> None:
    """Nothing was scraped between the two days."""
    text = History(Shape(days=3, holes=((2.0, 1.0),)), ORIGIN, END).text()
    assert not [t for t, _ in requests(text, "200") if END - 2 * 86400 <= t < END - 86400]


def test_the_past_leads_up_to_what_the_live_series_stand_at() -> None:
    """A counter ends at the live number, restarted on its way if it was higher, and grew as much as without it."""
    labels = frozenset({("service", SERVICE), ("method", "GET"), ("route", LOOKUP), ("status", "200")})
    plain = requests(History(Shape(days=2), ORIGIN, END).text(), "200")
    for live in (0.0, 500.0, 10.0**9):
        led = requests(History(Shape(days=2), ORIGIN, END, {("http_requests_total", labels): live}).text(), "200")
        assert led[-1][1] == live
        assert min(value for _, value in led) >= 0
        assert abs(increase(led, 0) - increase(plain, 0)) < 300


def test_an_exposition_is_read_with_its_labels() -> None:
    """Names, labels and values of a target's answer are told apart from its comments."""
    text = '# HELP x y\n# TYPE x counter\nx_total{a="b",c="d{e}"} 1.5e+03\nup 1\n'
    assert samples(text) == {("x_total", frozenset({("a", "b"), ("c", "d{e}")})): 1500.0, ("up", frozenset()): 1.0}
