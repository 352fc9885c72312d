"""What it costs to compare a million audit events with a million rows, one by one, and to recompute the chain.

A scratch broker holds the events, a scratch PostgreSQL the rows, but for one that is lost. Prints the CPU seconds of
our processes (the one that reads, and the one that holds the driver), their memory at its highest, and what was found;
exits with 1 if the loss is not found and named, or if it takes more than 10 s of CPU or 200 MB.
"""

import hashlib
import json
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from apgms_ops.clients.kafka.client import KafkaClient
from apgms_ops.clients.postgres import PostgresClient
from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import load
from apgms_ops.environment.model import Environment
from apgms_ops.evidence.earlier import EarlierRuns
from apgms_ops.observation import Recorder
from apgms_ops.probes.audit_chain import audit_chain
from apgms_ops.probes.audit_persistence import audit_persistence
from apgms_ops.sandbox.kafka import ApacheKafka
from apgms_ops.sandbox.postgres import Postgres, owner_dsn
from apgms_ops.sandbox.world import World
from apgms_ops.secret import Secret

EVENTS, LOST, CPU, MEMORY = 1_000_000, 654_321, 10.0, 200
_AGO = timedelta(minutes=30)
ENVIRONMENT = Path(__file__).parents[1] / "environments" / "sandbox.toml"


@contextmanager
def systems() -> Iterator[World]:
    """Run a scratch broker and a scratch database."""
    root = Path(tempfile.mkdtemp(prefix="apgms-ops-bench-"))
    world = World(root / "world")
    try:
        for component in (ApacheKafka(), Postgres()):
            component.install(world, Deadline(300))
            component.start(world, Deadline(60))
            component.ready(world, Deadline(60))
        yield world
    finally:
        world.destroy(Deadline(30))
        shutil.rmtree(root, ignore_errors=True)


def fill(world_root: str, answers: "multiprocessing.Queue[str]") -> None:
    """Produce the events and write the rows, but one, whose id is told.

    In a process of its own: a process counts what the one that started it held among what it held itself.
    """
    world = World(Path(world_root))
    bootstrap = world.get("kafka.bootstrap")
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic("audit.log", 3, 1)])["audit.log"].result()
    producer = Producer({"bootstrap.servers": bootstrap, "queue.buffering.max.messages": 2_000_000, "linger.ms": 50})
    begin = datetime.now(UTC) - _AGO
    ids = [str(uuid.uuid4()) for _ in range(EVENTS)]
    with psycopg.connect(owner_dsn(world)) as own:
        columns = "event_id, org_id, actor_id, action, at, payload, prev_hash, hash"
        with own.cursor().copy(f"COPY audit_log ({columns}) FROM STDIN") as rows:
            previous = "0" * 64
            for number, identity in enumerate(ids):
                at = begin + timedelta(microseconds=1500 * number)
                payload = {"action": "deposit.create", "actorId": "user-owner", "number": number}
                _produce(producer, identity, at, payload)
                if number != LOST:
                    previous = _write(rows, identity, at, payload, previous)
    with psycopg.connect(owner_dsn(world), autocommit=True) as own:
        own.execute("VACUUM ANALYZE audit_log")
    producer.flush()
    answers.put(ids[LOST])


def _produce(producer: Producer, identity: str, at: datetime, payload: dict[str, Any]) -> None:
    envelope = {
        "id": identity,
        "orgId": "org-synthetic",
        "eventType": "AuditEventRecorded",
        "key": "org-synthetic",
        "ts": at.isoformat(),
        "schemaVersion": 1,
        "source": "payments",
        "dedupeId": identity,
        "traceId": identity,
        "payload": payload,
    }
    value = json.dumps(envelope, separators=(",", ":")).encode()
    producer.produce("audit.log", value, identity.encode(), timestamp=int(at.timestamp() * 1000))
    if payload["number"] % 10_000 == 0:
        producer.poll(0)


def _write(rows: Any, identity: str, at: datetime, payload: dict[str, Any], previous: str) -> str:  # noqa: ANN401 — psycopg's
    text = json.dumps(payload, separators=(",", ":"), sort_keys=True)
    instant = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    hashed = (
        f'{previous}{{"action":"deposit.create","actor_id":"user-owner","at":"{instant}","event_id":"{identity}",'
        f'"org_id":"org-synthetic","payload":{text}}}'
    )
    own = hashlib.sha256(hashed.encode()).hexdigest()
    rows.write_row((identity, "org-synthetic", "user-owner", "deposit.create", at, text, previous, own))
    return own


def measured(world_root: str, which: str, answers: "multiprocessing.Queue[dict[str, Any]]") -> None:
    """Make one observation in this process, and tell what it cost and found."""
    world = World(Path(world_root))
    values = world.values()
    environment = _environment(values)
    recorder = Recorder(lambda text: text)
    postgres = PostgresClient(dsn=Secret(Path(values["postgres.dsn_file"]).read_text()), recorder=recorder)
    began = time.perf_counter()
    if which == "chain":
        chain = audit_chain.function(
            postgres=postgres, environment=environment, earlier=EarlierRuns(), deadline=Deadline(120)
        )
        told = f"{chain.rows} rows, {chain.broken_count} broken"
    else:
        kafka = KafkaClient(
            bootstrap=[values["kafka.bootstrap"]],
            protocol="PLAINTEXT",
            mechanism=None,
            username=None,
            password=None,
            ca_file=None,
            isolation_level="read_committed",
            recorder=recorder,
        )
        seen = audit_persistence.function(
            kafka=kafka, postgres=postgres, environment=environment, deadline=Deadline(120)
        )
        del kafka  # its process ends, and is accounted for
        told = f"{seen.emitted} emitted, {seen.persisted} persisted; {seen.lost()!r}"
    wall = time.perf_counter() - began
    own, child = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    answers.put(
        {
            "told": told,
            "wall": wall,
            "cpu": own.ru_utime + own.ru_stime + child.ru_utime + child.ru_stime,
            "memory": (own.ru_maxrss + child.ru_maxrss) / 1024,
        }
    )


def _environment(values: dict[str, str]) -> Environment:
    """Return the sandbox's environment, whose window holds all that was made here."""
    found = load(ENVIRONMENT, values)
    audit = found.services["audit"]
    promised = audit.objectives[0].model_copy(update={"window": timedelta(hours=1)})
    services = {**found.services, "audit": audit.model_copy(update={"objectives": (promised,)})}
    return found.model_copy(update={"services": services})


def main() -> int:
    """Measure, print, and return the exit code."""
    with systems() as world:
        found: dict[str, dict[str, Any]] = {}
        context = multiprocessing.get_context("spawn")
        told: multiprocessing.Queue[str] = context.Queue()
        filler = context.Process(target=fill, args=(str(world.root), told))
        filler.start()
        lost = told.get(timeout=600)
        filler.join()
        for which in ("persistence", "chain"):
            answers: multiprocessing.Queue[dict[str, Any]] = context.Queue()
            process = context.Process(target=measured, args=(str(world.root), which, answers))
            process.start()
            found[which] = answers.get(timeout=300)
            process.join()
    for which, one in found.items():
        sys.stdout.write(
            f"{which:<12} {one['cpu']:.1f} s of CPU (limit {CPU:g}), {one['memory']:.0f} MB (limit {MEMORY}), "
            f"{one['wall']:.1f} s on the clock: {one['told']}\n"
        )
    within = all(one["cpu"] <= CPU and one["memory"] <= MEMORY for one in found.values())
    return 0 if within and lost in found["persistence"]["told"] and " 0 broken" in found["chain"]["told"] else 1


if __name__ == "__main__":
    sys.exit(main())
