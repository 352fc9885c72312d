"""What the tests of the services ask and read: HTTP, the database, and a topic, each in the plainest way."""

import hashlib
import http.client
import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from confluent_kafka import Consumer, TopicPartition

from apgms_ops.sandbox.world import World


def until(so: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, f"waited {seconds:g} s for {what}"
        time.sleep(0.05)


def ask(
    url: str, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Return status and answer; status 0 where nobody answered."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc or url, timeout=15)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers or {})
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"{}")
    except (OSError, http.client.HTTPException):
        return 0, {}
    finally:
        connection.close()


def switch(world: World, place: str, **values: object) -> None:
    """Set switches of a service."""
    status, answer = ask(world.get(f"{place}.control"), "POST", "/switches", values)
    assert status == 200, answer


@contextmanager
def switched(world: World, place: str, **values: object) -> Iterator[None]:
    """Set switches of a service, and back."""
    switch(world, place, **values)
    try:
        yield
    finally:
        switch(world, place, **{name: False if value is True else 0 for name, value in values.items()})


def rows(world: World, statement: str) -> list[tuple[Any, ...]]:
    """Return rows of the database, as its owner."""
    dsn = Path(world.get("postgres.owner_dsn_file")).read_text(encoding="utf-8").strip()
    with psycopg.connect(dsn, connect_timeout=5) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def metric(world: World, place: str, name: str) -> float:
    """Return the sum of a metric's series at a service; -1 where it tells none."""
    connection = http.client.HTTPConnection(urlsplit(world.get(f"{place}.url")).netloc, timeout=15)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    values = [float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((f"{name} ", f"{name}{{"))]
    return sum(values) if values else -1


def ids_in_topic(world: World, topic: str) -> list[str]:
    """Return the id of every event in a topic."""
    consumer = Consumer({"bootstrap.servers": world.get("kafka.bootstrap"), "group.id": f"test-{uuid.uuid4()}"})
    found: list[str] = []
    try:
        for partition in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
            consumer.assign([TopicPartition(topic, partition, low)])
            while low < high:
                message = consumer.poll(10)
                assert message is not None
                low = int(message.offset() or 0) + 1
                decoded = json.loads(message.value() or b"{}")
                found.append(str(decoded.get("id")))
    finally:
        consumer.close()
    return found


def broken_links(world: World, table: str, key: str, columns: tuple[str, ...], clock: str) -> list[object]:
    """Return the keys of rows whose hash or predecessor is wrong, worked out without the services' code."""
    names = sorted({*columns, clock})
    texts = [
        f"to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')" if name == clock else name
        for name in names
    ]
    previous, wrong = "0" * 64, []
    statement = f"SELECT {key}, prev_hash, hash, {', '.join(texts)} FROM {table} ORDER BY {key}"  # noqa: S608 — ours
    for identity, before, digest, *values in rows(world, statement):
        fields = dict(zip(names, values, strict=True))
        text = json.dumps(fields, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        if before != previous or digest != hashlib.sha256(f"{before}{text}".encode()).hexdigest():
            wrong.append(identity)
        previous = digest
    return wrong
