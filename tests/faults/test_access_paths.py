"""Every target that can be reached through the cluster is: the facts are the same, and the checks FAIL and PASS.

Prometheus through the API server's proxy to its service, consumer lag by Kafka's own tools in the exporter's pod, SQL
by `psql` in a pod of the database: nothing of them is reached directly.
"""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from apgms_ops.clients.kafka import Reading
from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import load, read_secrets, secrets_of
from apgms_ops.environment.model import Environment, Kafka
from apgms_ops.estate import Estate
from apgms_ops.observation import Recorder
from apgms_ops.probes.migrations import migrations
from apgms_ops.redact import Redactor
from apgms_ops.sandbox.breaking import Breaker
from apgms_ops.sandbox.faults import by_id
from apgms_ops.sandbox.faults.deployment_tools import MIGRATED
from apgms_ops.sandbox.faults.gateway_metrics import BadBucket
from apgms_ops.sandbox.faults.kafka_lag import LagAtLimit
from apgms_ops.sandbox.faults.postgres_migrations import MigrationMissing
from apgms_ops.sandbox.kubernetes.credentials import EXPORTER, READER
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict
from tests.faults.looking import LOOKS, Verdicts, function_of, look, red

pytestmark = pytest.mark.sandbox
PATHS = {
    "kubernetes": f'context = "{EXPORTER}"',
    "kafka": 'via = "exec:platform/deploy/kafka-exporter"\nisolation_level = "read_uncommitted"',
    "postgres": 'via = "exec:platform/statefulset/postgres"\nrole = "primary"',
    "prometheus": 'via = "kubernetes:observability/svc/prometheus:9090"',
}
REPLACED = {"kubernetes": "context", "kafka": "isolation_level", "postgres": "dsn", "prometheus": "url"}
"""Section → what gives way to its path."""
_AUDIT = "checks/service_levels/test_audit.py::"
MESSAGES = dict.fromkeys(
    (
        f"{_AUDIT}test_every_emitted_event_is_persisted",
        f"{_AUDIT}test_no_event_is_persisted_twice",
        f"{_AUDIT}test_only_emitted_events_are_persisted",
        f"{_AUDIT}test_every_event_reaches_the_topic",
    ),
    Verdict.UNKNOWN,
)
"""What reads messages, which Kafka's tools are not asked for: those checks say so, and that they need the brokers."""
CHECKS = ("checks/daily/", "checks/service_levels/", MIGRATED)
"""All that look at what is reached through the cluster. Those of a deployment read the cluster in any case."""
FAULTS = (LagAtLimit, MigrationMissing, BadBucket)
"""One for each path; none touches what another is about."""


@pytest.fixture
def through(sandbox: World, tmp_path: Path) -> Path:
    """The sandbox's environment, with every target reached through the cluster."""
    if sandbox.get("kafka.kind", "") != "apache":
        pytest.skip("the sandbox's broker is the stand-in, which Kafka's own tools do not come with")
    text = (sandbox.root / "sandbox.toml").read_text(encoding="utf-8")
    assert f'context = "{READER}"' in text
    for section, path in PATHS.items():
        line = rf"(?ms)(^\[{section}\]\n(?:(?!^\[).)*?)^{REPLACED[section]} = .*?$"
        text, times = re.subn(line, lambda found, path=path: f"{found[1]}{path}", text, count=1)  # type: ignore[misc]
        assert times == 1, section
    file = tmp_path / "through.toml"
    file.write_text(text, encoding="utf-8")
    return file


def estate(file: Path) -> Estate:
    """Return the clients of an environment."""
    environment = load(file)
    secrets = read_secrets(secrets_of(environment, list(PATHS)), os.environ)
    return Estate(environment, secrets, Recorder(Redactor(secrets.values())))


def reading(estate: Estate, environment: Environment) -> Reading:
    """Return where the consumer groups stand."""
    section = environment.kafka
    assert isinstance(section, Kafka)
    names = [group.name for group in section.groups]
    return estate.kafka.read(Deadline(90), groups=names, topics=section.required_topics)


def partitions(reading: Reading) -> set[tuple[str, str, int]]:
    """Return what each group reads, as far as it is known how far behind it is there."""
    assert {group.unread for group in reading.groups} == {None}
    return {(one.group, one.topic, one.partition) for one in reading.offsets if None not in (one.committed, one.end)}


def seen(sandbox: World, through: Path, expected: Mapping[str, Verdict]) -> Mapping[str, Verdict]:
    """Return what does not pass, without parameters.

    Each of Kafka's tools is a JVM, and a reading takes half a dozen: what could not be observed in time, on a machine
    that is busy, is looked at once more. A PASS or a FAIL in the wrong place never is.
    """
    verdicts = look(sandbox, *CHECKS, environment=str(through))
    if _wrong(verdicts, expected) == {Verdict.UNKNOWN}:
        verdicts = look(sandbox, *CHECKS, environment=str(through))
    broken = red(verdicts)
    for check in set(broken) & set(MESSAGES):
        assert "this needs a connection to the brokers" in broken[check]
    return {function_of(check): verdicts[check][0] for check in broken}


def _wrong(verdicts: Verdicts, expected: Mapping[str, Verdict]) -> set[Verdict]:
    """Return the verdicts of checks that came to another one than was expected."""
    return {
        verdict
        for check, (verdict, _) in verdicts.items()
        if verdict is not expected.get(function_of(check), Verdict.PASS)
    }


def test_facts_are_the_same_through_the_cluster(sandbox: World, through: Path) -> None:
    """The same groups, topics and partitions, each with its lag; the same rows; the same samples at the same time."""
    straight, around = estate(sandbox.root / "sandbox.toml"), estate(through)
    read = [partitions(reading(each, each.environment)) for each in (straight, around)]
    assert read[0] == read[1]
    assert read[0]
    rows = [migrations.function(each.postgres, Deadline(30)).applied for each in (straight, around)]
    assert rows[0] == rows[1]
    assert rows[0]
    at = straight.prometheus.server_time(Deadline(10)).server - timedelta(seconds=5)
    asked = 'sum by (route, status) (http_requests_total{service="api-gateway"})'
    samples = [each.prometheus.vector(asked, at=at, deadline=Deadline(10)).samples for each in (straight, around)]
    assert samples[0] == samples[1]
    assert samples[0]


def test_checks_fail_and_pass_through_the_cluster(sandbox: World, through: Path) -> None:
    """With a fault behind each path the checks that it names fail, and no others; healed, they pass."""
    breaker = Breaker(sandbox, by_id())
    expected = MESSAGES | {check: verdict for fault in FAULTS for check, verdict in fault.expected.items()}
    try:
        for fault in FAULTS:
            breaker.break_(fault.id, Deadline(60))
        broken = seen(sandbox, through, expected)
    finally:
        for fault in FAULTS:
            breaker.heal(fault.id, Deadline(60))
    assert broken == expected
    assert list(expected.values()).count(Verdict.FAIL) == len(FAULTS)
    for _ in range(LOOKS - 1):  # what heals may do so while it is being looked at
        if seen(sandbox, through, MESSAGES) == MESSAGES:
            return
    assert seen(sandbox, through, MESSAGES) == MESSAGES
