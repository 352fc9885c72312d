"""Kafka's jars are those of the manifest, byte for byte, and that is cheap to know again."""

import hashlib
import os
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.kafka.broker import CHOICE, Broker
from apgms_ops.sandbox.kafka.jars import Jars
from apgms_ops.sandbox.world import World

JAR = b"PK a jar"
MANIFEST = {"kafka": "9.9.9", "jars": {"a.jar": hashlib.sha256(JAR).hexdigest()}}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world with a cache of its own, on a machine without Maven and without apt."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    cache = tmp_path / "cache"
    (cache / "kafka-9.9.9").mkdir(parents=True)
    (cache / "kafka-9.9.9" / "a.jar").write_bytes(JAR)
    return World(tmp_path / "world", cache=cache, report=lambda _line: None)


def test_jars_that_fit_the_manifest_are_not_fetched(world: World) -> None:
    """What is in the cache and right is used as it is."""
    Jars(world.cache, MANIFEST).ensure(world, Deadline(5))


def test_a_jar_that_was_changed_is_not_used(world: World) -> None:
    """A jar with other bytes is noticed though its size is the same, even after a verification."""
    jars, jar = Jars(world.cache, MANIFEST), world.cache / "kafka-9.9.9" / "a.jar"
    jars.ensure(world, Deadline(5))
    before = jar.stat()
    jar.write_bytes(JAR[::-1])
    os.utime(jar, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    with pytest.raises(SandboxError, match="maven"):
        jars.ensure(world, Deadline(5))


def test_a_jar_that_is_missing_is_fetched(world: World) -> None:
    """An incomplete cache is not used."""
    (world.cache / "kafka-9.9.9" / "a.jar").unlink()
    with pytest.raises(SandboxError, match="maven"):
        Jars(world.cache, MANIFEST).ensure(world, Deadline(5))


def test_the_class_path_names_the_jars_of_the_manifest_alone(world: World) -> None:
    """A jar that somebody adds to the folder is not loaded."""
    (world.cache / "kafka-9.9.9" / "added.jar").write_bytes(b"")
    assert Jars(world.cache, MANIFEST).class_path == str(world.cache / "kafka-9.9.9" / "a.jar")


def test_the_packaged_manifest_pins_every_jar(tmp_path: Path) -> None:
    """The packaged manifest names Kafka's version in its own jars, each with a SHA-256."""
    jars = Jars(tmp_path)
    assert f"kafka_2.13-{jars.version}.jar" in jars.class_path
    assert f"kafka-tools-{jars.version}.jar" in jars.class_path
    assert all(len(digest) == 64 for digest in jars._digests.values())


def test_an_unknown_broker_is_refused(world: World) -> None:
    """A misspelt choice of broker is an error that lists the known ones, not the default."""
    with pytest.raises(SandboxError, match="apache, stand-in"):
        Broker({CHOICE: "standin"}).install(world, Deadline(5))


def test_without_any_broker_both_reasons_are_named(world: World) -> None:
    """Where neither can be had, the error names both, and with `apache` asked for nothing else is tried."""
    with pytest.raises(SandboxError, match="openjdk-17-jre-headless"):
        Broker({CHOICE: "apache"}).install(world, Deadline(5))
