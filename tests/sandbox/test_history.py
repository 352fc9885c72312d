"""The sandbox's past: deterministic, healthy, and leading up to the present."""

from itertools import pairwise

from apgms_ops.sandbox.asking import samples
from apgms_ops.sandbox.history import LOOKUP, SERVICE, History, Incident, Origin, Shape

END = 1_795_000_000
ORIGIN = Origin(
    gateways=("127.0.0.1:1", "127.0.0.1:2"),
    registries="127.0.0.1:3",
    payments="127.0.0.1:4",
    kafka="127.0.0.1:5",
    outside="http://127.0.0.1:6/health/ready",
    groups={"audit-writer": ("audit.log",)},
    topics={"audit.log": 3},
)
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
    """Return one gateway's counter of look-ups with a status."""
    return points(
        text, "http_requests_total", service=SERVICE, route=LOOKUP, status=status, instance=ORIGIN.gateways[0]
    )


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
    scraped = {("instance", ORIGIN.gateways[0]), ("job", SERVICE)}
    labels = frozenset({("service", SERVICE), ("method", "GET"), ("route", LOOKUP), ("status", "200"), *scraped})
    plain = requests(History(Shape(days=2), ORIGIN, END).text(), "200")
    for live in (0.0, 500.0, 10.0**9):
        led = requests(History(Shape(days=2), ORIGIN, END, {("http_requests_total", labels): live}).text(), "200")
        assert led[-1][1] == live
        assert min(value for _, value in led) >= 0
        assert abs(increase(led, 0) - increase(plain, 0)) < 300


def test_a_bucket_never_outgrows_the_whole() -> None:
    """Whatever a young process stands at, each bucket of its past holds, and gains, no more than all of them do."""
    scraped = {"instance": ORIGIN.gateways[0], "job": SERVICE}
    labels = {"service": SERVICE, "method": "GET", "route": LOOKUP, "status": "200", **scraped}
    name = "http_request_duration_seconds"
    for fast, every in ((40.0, 90.0), (0.0, 12.0), (700.0, 700.0)):
        live = {
            (f"{name}_bucket", frozenset({**labels, "le": "0.25"}.items())): fast,
            (f"{name}_bucket", frozenset({**labels, "le": "+Inf"}.items())): every,
            (f"{name}_count", frozenset(labels.items())): every,
        }
        text = History(Shape(days=2), ORIGIN, END, live).text()
        whole = dict(points(text, f"{name}_count", **labels))
        bucket = dict(points(text, f"{name}_bucket", **{**labels, "le": "0.25"}))
        assert (bucket[END], whole[END]) == (fast, every)
        assert all(bucket[time] <= whole[time] for time in whole)
        for earlier, later in pairwise(sorted(whole)):
            if later > END - 3600 and whole[later] >= whole[earlier]:
                assert bucket[later] - bucket[earlier] <= whole[later] - whole[earlier]


def test_what_stood_still_has_a_short_past() -> None:
    """A live series that no shape tells of stands where it stands, in as few samples as can be looked back to."""
    labels = {"service": "audit", "method": "GET", "route": "/audit/events", "status": "200", "instance": "a:1"}
    live = {("http_requests_total", frozenset(labels.items())): 7.0}
    text = History(Shape(days=2), ORIGIN, END, live).text()
    assert points(text, "http_requests_total", service="audit") == [(END - 240, 7.0), (END, 7.0)]


def test_errors_that_stood_still_have_a_past_of_their_own() -> None:
    """A counter of errors that was not there before a window would count as born within it."""
    labels = {"service": SERVICE, "route": "/v1/deposits", "status": "503", "instance": ORIGIN.gateways[0]}
    live = {("http_requests_total", frozenset(labels.items())): 28.0}
    series = points(History(Shape(days=2), ORIGIN, END, live).text(), "http_requests_total", **labels)
    assert {value for _, value in series} == {28.0}
    assert series[0][0] <= END - 2 * 86400


def test_an_exposition_is_read_with_its_labels() -> None:
    """Names, labels and values of a target's answer are told apart from its comments."""
    text = '# HELP x y\n# TYPE x counter\nx_total{a="b",c="d{e}"} 1.5e+03\nup 1\n'
    assert samples(text) == {("x_total", frozenset({("a", "b"), ("c", "d{e}")})): 1500.0, ("up", frozenset()): 1.0}


def test_each_service_has_a_day_behind_it() -> None:
    """Look-ups by source, the age of what is not reconciled and the outside view reach back a day."""
    text = History(Shape(), ORIGIN, END).text()
    for name, labels in (
        ("apgms_registry_lookup_duration_seconds_count", {"source": "abr"}),
        ("apgms_reconciliation_oldest_unreconciled_seconds", {}),
        ("probe_success", {"instance": ORIGIN.outside}),
    ):
        times = [time for time, _ in points(text, name, **labels)]
        assert (times[0] < END - 86400, times[-1]) == (True, END), name


def test_the_past_of_a_day_holds_its_shape() -> None:
    """Of the business requests the given share lies within each edge; readiness is answered at once."""
    text = History(Shape(days=2, faster=(0.1, 0.2, 0.4, 0.9, 1, 1, 1, 1)), ORIGIN, END).text()
    name, common = "http_request_duration_seconds_bucket", {"instance": ORIGIN.gateways[1], "status": "200"}
    for route, share in ((LOOKUP, 0.4), ("/health/ready", 1.0)):
        within, all_ = (increase(points(text, name, route=route, le=le, **common), 0) for le in ("0.25", "+Inf"))
        assert abs(within / all_ - share) < 0.001
