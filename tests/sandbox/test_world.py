"""A world keeps its ports, values and records, and says clearly when it cannot."""

import json
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Make a world that nobody has used yet."""
    return World(tmp_path / "root", cache=tmp_path / "cache")


def again(world: World) -> World:
    """Open the same world as another process would."""
    return World(world.root, cache=world.cache)


def test_a_new_world_touches_nothing(world: World) -> None:
    """Opening a world and asking it makes no folder."""
    assert not world.exists()
    assert not world.alive("kafka")
    assert world.faults() == {}
    assert not world.root.exists()


def test_a_port_stays_the_same(world: World) -> None:
    """A name keeps its port, for whoever opens the world."""
    port = world.port("kafka")
    assert world.port("kafka") == port
    assert again(world).port("kafka") == port
    assert again(world).ports() == {"kafka": port}


def test_names_and_worlds_share_no_port(tmp_path: Path) -> None:
    """No two names, and no two worlds of one user, get the same port."""
    worlds = [World(tmp_path / name, cache=tmp_path / "cache") for name in "ab"]
    given = [world.port(str(number)) for world in worlds for number in range(20)]
    assert len(set(given)) == 40


def test_a_destroyed_world_gives_its_ports_back(world: World) -> None:
    """Once a world is destroyed its folder and its reservations are gone."""
    world.port("kafka")
    world.destroy(Deadline(5))
    assert not world.root.exists()
    assert json.loads((world.cache / "ports.json").read_text()) == {}


def test_values_survive_reopening(world: World) -> None:
    """What was published is read by whoever opens the world."""
    world.set("kafka.bootstrap", "127.0.0.1:9092")
    assert again(world).get("kafka.bootstrap") == "127.0.0.1:9092"
    assert again(world).values() == {"kafka.bootstrap": "127.0.0.1:9092"}


def test_a_value_that_nobody_published_is_named(world: World) -> None:
    """Asking for an unpublished value names it, unless there is a default."""
    with pytest.raises(SandboxError, match=r"has not published kafka\.bootstrap"):
        world.get("kafka.bootstrap")
    assert world.get("kafka.bootstrap", "none") == "none"


def test_faults_are_remembered_in_order(world: World) -> None:
    """Faults in force, and what heals them, are read in the order in which they were broken."""
    world.set_fault("b", None)
    world.set_fault("a", {"pid": 1})
    world.set_fault("b", {"topic": "x"})
    assert list(again(world).faults().items()) == [("b", {"topic": "x"}), ("a", {"pid": 1})]
    again(world).clear_fault("b")
    assert list(world.faults()) == ["a"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"world"',
        "{}",
        '{"schema": 99}',
        '{"schema": 1}',
        '{"schema": 1, "values": [], "ports": {}, "processes": {}, "faults": {}}',
        "[" * 100_000,
    ],
)
def test_a_damaged_state_is_a_clear_error(world: World, text: str) -> None:
    """A state file that is none names itself and the command that clears it away, and is not overwritten."""
    world.root.mkdir()
    (world.root / "world.json").write_text(text)
    with pytest.raises(SandboxError, match=r"world\.json is not the state of a sandbox .*sandbox down"):
        world.set("a", "b")
    assert (world.root / "world.json").read_text() == text


def test_a_state_that_is_no_text_is_a_clear_error(world: World) -> None:
    """Bytes that are no UTF-8 are told as what they are."""
    world.root.mkdir()
    (world.root / "world.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SandboxError, match=r"world\.json is not the state of a sandbox"):
        world.faults()


@pytest.mark.parametrize(
    "processes",
    [{"kafka": 1}, {"kafka": {"kafka": {"pid": 1}}}, {"kafka": {"kafka": {"pid": "1", "started": 2, "boot": "x"}}}],
)
def test_damaged_records_of_processes_are_a_clear_error(world: World, processes: object) -> None:
    """Records of processes of the wrong shape are told, never acted upon."""
    world.set("a", "b")
    path = world.root / "world.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"processes": processes}))
    with pytest.raises(SandboxError, match=r"world\.json is not the state of a sandbox"):
        world.alive("kafka")


def test_the_state_is_private(world: World) -> None:
    """No other user reads a sandbox's folder."""
    world.set("a", "b")
    world.folder("kafka")
    modes = [path.stat().st_mode & 0o077 for path in (world.root, world.root / "world.json", world.root / "kafka")]
    assert modes == [0, 0, 0]


def test_destroying_leaves_other_folders_alone(world: World) -> None:
    """A folder without a sandbox's state is not removed."""
    world.root.mkdir()
    (world.root / "thesis.txt").write_text("ten years of work")
    world.destroy(Deadline(5))
    assert (world.root / "thesis.txt").exists()


def test_a_world_that_is_taken_down_starts_nothing(world: World) -> None:
    """A thread that would still start or publish something after the end is refused, and makes no folder again."""
    world.set("a", "b")
    world.destroy(Deadline(5))
    with pytest.raises(SandboxError, match="being taken down"):
        world.set("a", "c")
    with pytest.raises(SandboxError, match="being taken down"):
        world.spawn("kafka", ["true"])
    assert not world.root.exists()


def test_the_tail_of_a_log_is_its_last_lines(world: World) -> None:
    """A log's tail is its last lines, and a missing or empty log says so."""
    log = world.folder("kafka") / "kafka.log"
    assert world.log_tail("kafka") == f"(no log at {log})"
    log.write_bytes(b"")
    assert world.log_tail("kafka") == f"(nothing in {log})"
    log.write_bytes(b"one\ntwo \xff\nthree\n")
    assert world.log_tail("kafka", 2) == "two \ufffd\nthree"
