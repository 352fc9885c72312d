"""Our client against the real server: a Prometheus of its own over an empty store, on 127.0.0.1."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apgms_ops.clients.prometheus import PrometheusClient
from apgms_ops.clients.prometheus.facts import AlertState, Matrix, NotFinite, RuleHealth, Sample, Text
from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import load
from apgms_ops.environment.model import Environment
from apgms_ops.errors import BadAnswer, Unobserved
from apgms_ops.observation import Identity, Recorder
from apgms_ops.probes.budget_reading import BudgetReader
from apgms_ops.probes.gateway_latency import scraped
from apgms_ops.redact import Redactor
from apgms_ops.sandbox import prometheus
from apgms_ops.sandbox.history import Incident, Shape
from apgms_ops.sandbox.impostor import serve
from apgms_ops.sandbox.platform import TEMPLATE
from apgms_ops.sandbox.world import World

pytestmark = pytest.mark.sandbox
PATIENCE = 60.0
OUTAGE = Incident(begins=1.5, lasts=0.1, share=0.5)
SHAPE = Shape(days=4, incidents=(OUTAGE,), holes=((3.0, 2.0), (0.6, 0.57)))
ROOT = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").is_file())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world with nothing but Prometheus in it, whose history has a hole."""
    it = World(tmp_path_factory.mktemp("sandbox"), cache=tmp_path_factory.mktemp("cache"))
    it.set(TEMPLATE, str(ROOT / "environments" / "sandbox.toml"))
    it.set("cluster", "contract")
    deadline = Deadline(PATIENCE)
    component = prometheus.Prometheus()
    try:
        component.install(it, deadline)
        prometheus.backfill(it, SHAPE, it.folder(component.name) / "data", deadline)
        prometheus.configure(it, cluster="contract")
        prometheus.launch(it, deadline)
        component.ready(it, deadline)
        yield it
    finally:
        it.destroy(Deadline(PATIENCE))


@pytest.fixture
def recorder() -> Recorder:
    """A recorder for one test."""
    return Recorder(Redactor())


@pytest.fixture
def client(world: World, recorder: Recorder) -> PrometheusClient:
    """A client of that server."""
    return PrometheusClient(url=world.get("prometheus.url"), recorder=recorder)


def now() -> datetime:
    """Return the present, which is the server's as well."""
    return datetime.now(UTC)


def test_the_server_identifies_itself(client: PrometheusClient, recorder: Recorder) -> None:
    """The external label is read from the configuration that runs."""
    assert client.identity(Deadline(PATIENCE)) == "contract"
    assert recorder.seen[0] == (Identity("prometheus", "contract"),)


def test_build_and_clock_are_read(client: PrometheusClient) -> None:
    """The version is a version, and the server's clock is ours."""
    assert client.build(Deadline(PATIENCE)).version[0].isdecimal()
    time = client.server_time(Deadline(PATIENCE))
    assert abs(time.server - time.ours) < timedelta(seconds=5)


def test_every_type_of_result_is_told_apart(client: PrometheusClient) -> None:
    """Scalar, string, matrix, NaN and the infinities come as what they are."""
    deadline, at = Deadline(PATIENCE), now()
    scalar = client.query("42", at=at, deadline=deadline)
    assert isinstance(scalar, Sample)
    assert scalar.value == 42
    words = client.query('"words"', at=at, deadline=deadline)
    assert isinstance(words, Text)
    assert words.text == "words"
    assert isinstance(client.query("up[5m]", at=at, deadline=deadline), Matrix)
    forms = [
        client.vector(f"vector({wire})", at=at, deadline=deadline).samples[0].not_finite
        for wire in ("NaN", "Inf", "-Inf")
    ]
    assert forms == [NotFinite.NAN, NotFinite.INFINITE, NotFinite.MINUS_INFINITE]


def test_an_absent_series_is_an_empty_vector(client: PrometheusClient) -> None:
    """Nothing is made up for a name that no series has."""
    assert client.vector("no_such_metric", at=now(), deadline=Deadline(PATIENCE)).samples == ()


@pytest.mark.parametrize(
    "expression", ["up{", "sum(up) by", "vector(1) + on(a) group_left vector(1) + {__name__=~'.+'}"]
)
def test_a_query_that_the_server_refuses_is_a_bad_answer(client: PrometheusClient, expression: str) -> None:
    """The server's own words are quoted."""
    with pytest.raises(BadAnswer, match=r"refuses the request|cannot execute"):
        client.vector(expression, at=now(), deadline=Deadline(PATIENCE))


def test_rules_are_evaluated_and_targets_are_known(client: PrometheusClient) -> None:
    """Rules report health and state; a target that nobody serves is down, not absent."""
    deadline = Deadline(PATIENCE)
    rules = client.rules(deadline)
    while any(rule.last_evaluation is None for rule in rules):
        deadline.pause(0.1, "rules to be evaluated")
        rules = client.rules(deadline)
    assert {rule.health for rule in rules} == {RuleHealth.OK}
    assert {"ConsumerLag", "ErrorBudgetFastBurn"} <= {rule.name for rule in rules}
    pools = {target.pool: target for target in client.targets(deadline)}
    assert set(pools) == {*prometheus.SCRAPED, "kafka-exporter", "blackbox", "prometheus", "alertmanager"}
    assert {alert.state for alert in client.alerts(deadline)} <= {AlertState.PENDING, AlertState.FIRING}


def test_the_hole_in_the_history_is_found(client: PrometheusClient) -> None:
    """Coverage finds the missing day, and today even less than an hour; the increase is a number all the same."""
    at = now()
    reader = BudgetReader(client, "api-gateway", at, Deadline(PATIENCE))
    gap, recent = reader.gaps(timedelta(days=4))
    assert timedelta(hours=22) <= gap.end - gap.start <= timedelta(hours=24)
    assert timedelta(minutes=30) <= recent.end - recent.start <= timedelta(minutes=45)
    whole = reader.counted(timedelta(days=4), ())
    assert whole.total > 1_000_000
    assert reader.newest() is not None


def test_maintenance_takes_its_requests_out(client: PrometheusClient) -> None:
    """A window less its maintenance is what its parts count; one wholly in maintenance counts nothing."""
    at = now()
    reader = BudgetReader(client, "api-gateway", at, Deadline(PATIENCE))
    hour = timedelta(hours=1)
    whole = reader.counted(6 * hour, ())
    less = reader.counted(6 * hour, [(at - 3 * hour, at - 2 * hour)])
    part = BudgetReader(client, "api-gateway", at - 2 * hour, Deadline(PATIENCE)).counted(hour, ())
    assert less.maintained == hour
    assert abs(whole.total - part.total - less.total) < 1
    assert reader.counted(hour, [(at - 2 * hour, at + hour)]).wholly_maintained


def test_an_outage_within_maintenance_does_not_count(client: PrometheusClient) -> None:
    """The errors of a declared window are in no figure; without the declaration they are."""
    at = now()
    reader = BudgetReader(client, "api-gateway", at, Deadline(PATIENCE))
    declared = (at - timedelta(days=1.55), at - timedelta(days=1.35))
    two_days = timedelta(days=2)
    assert reader.counted(two_days, ()).error_share("api-gateway") > 0.01
    assert reader.counted(two_days, [declared]).error_share("api-gateway") < 0.0005


def test_errors_of_a_counter_that_was_born_with_them_are_counted(world: World, client: PrometheusClient) -> None:
    """A counter whose first sample says 300 has grown by none, as far as `increase` can see; the errors count."""
    labels = 'service="newborn",method="GET",route="/v1/x",status="503"'
    body = f"http_requests_total{{{labels}}} 300\n".encode()
    server = serve(world.port("traffic.metrics"), 200, "text/plain; version=0.0.4", body)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    deadline = Deadline(PATIENCE)
    try:
        # Both jobs read the same port, so it is scraped as two series.
        while len(client.vector('http_requests_total{service="newborn"}', at=now(), deadline=deadline).samples) < 2:
            deadline.pause(0.1, "a scrape")
        counted = BudgetReader(client, "newborn", now(), deadline).counted(timedelta(hours=1), ())
    finally:
        server.shutdown()
        server.server_close()
    assert (counted.total, counted.errors) == (600, 600)


def test_a_store_without_the_window_answers_a_number_all_the_same(client: PrometheusClient) -> None:
    """Thirty days over four days of samples: the server does not say so, the coverage does."""
    at = now()
    reader = BudgetReader(client, "api-gateway", at, Deadline(PATIENCE))
    assert reader.counted(timedelta(days=30), ()).total > 1_000_000
    assert reader.scraped() == 2  # replicas of the gateway
    missing = sum((gap.end - gap.start for gap in reader.gaps(timedelta(days=30))), timedelta())
    assert missing > timedelta(days=26)


def test_what_was_scraped_before_a_restart_is_not_scraped_now(client: PrometheusClient) -> None:
    """A server that never scraped a target itself answers the target's old samples for minutes; the probe does not."""
    gateway = {
        "deployment": "api-gateway",
        "replicas": 2,
        "objectives": [{"kind": "availability", "target": "99.9%", "window": "30d", "source": "a test"}],
    }
    environment = Environment.model_validate({"name": "contract", "services": {"api-gateway": gateway}})
    deadline = Deadline(PATIENCE)
    answered = client.vector('count(http_requests_total{service="api-gateway"})', at=now(), deadline=deadline)
    assert answered.samples[0].value > 0
    assert scraped.function(client, environment, deadline).instances == {"api-gateway": ()}


def test_a_service_that_nobody_scrapes_has_no_requests(client: PrometheusClient) -> None:
    """No series is no traffic, which is unknown, and no sample is fresh."""
    reader = BudgetReader(client, "payments", now(), Deadline(PATIENCE))
    counted = reader.counted(timedelta(days=1), ())
    with pytest.raises(Unobserved, match="no request was counted"):
        counted.error_share("payments")
    assert reader.newest() is None
    assert reader.scraped() == 0


def test_the_sandboxes_environment_names_this_server(world: World) -> None:
    """The template is filled in with what the component publishes."""
    environment = load(ROOT / "environments" / "sandbox.toml", world.values())
    assert environment.identities.prometheus == "contract"
