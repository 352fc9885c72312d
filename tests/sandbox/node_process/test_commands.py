"""Which commands are run in a pod."""

import shutil
from pathlib import Path

import pytest

from apgms_ops.sandbox.node_process.commands import CommandRefusedError, resolve
from apgms_ops.sandbox.world import World

EXPORTER = {"service": "kafka-exporter"}
TOOL = "/opt/kafka/bin/kafka-consumer-groups.sh"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Make a world with a broker, on a machine with a Java."""
    monkeypatch.setattr(shutil, "which", lambda name, **_more: f"/usr/bin/{name}")
    world = World(tmp_path / "root", cache=tmp_path / "cache")
    world.set("kafka.kind", "apache")
    world.set("kafka.bootstrap", "127.0.0.1:20001")
    return world


def test_the_runbooks_command_asks_the_sandboxs_broker(world: World) -> None:
    """Whatever broker it names: here there is one."""
    asked = [TOOL, "--bootstrap-server", "kafka:9092", "--describe", "--group=audit-writer", "--timeout", "5000"]
    argv = resolve(world, "traffic", EXPORTER, asked).argv
    assert argv[0] == "/usr/bin/java"
    assert argv[-7:] == (
        "--bootstrap-server",
        "127.0.0.1:20001",
        "--describe",
        "--group",
        "audit-writer",
        "--timeout",
        "5000",
    )


def test_the_tools_that_tell_offsets_and_the_cluster_ask_it_too(world: World) -> None:
    """What consumer lag needs beside the runbook's command is run on the same broker; a verb stands first."""
    broker = ("--bootstrap-server", "127.0.0.1:20001")
    asked = ["kafka-get-offsets.sh", "--bootstrap-server", "kafka:9092", "--time", "earliest"]
    assert resolve(world, "traffic", EXPORTER, asked).argv[-4:] == (*broker, "--time", "earliest")
    asked = ["kafka-cluster.sh", "cluster-id", "--bootstrap-server", "kafka:9092"]
    assert resolve(world, "traffic", EXPORTER, asked).argv[-3:] == ("cluster-id", *broker)
    with pytest.raises(CommandRefusedError):
        resolve(world, "traffic", EXPORTER, ["kafka-cluster.sh", "unregister", "--id", "1"])


@pytest.mark.parametrize(
    "asked",
    [
        [TOOL, "--reset-offsets", "--to-earliest", "--execute"],
        [TOOL, "--describe", "--command-config", "/etc/passwd"],
        [TOOL, "--delete", "--group", "audit-writer"],
        [TOOL, "--group"],
        ["sh", "-c", "id"],
        ["psql", "-c", "select 1"],
        [],
    ],
)
def test_what_changes_anything_or_is_another_program_is_refused(world: World, asked: list[str]) -> None:
    """Offsets are not reset, groups not deleted, files not read, and there is no shell."""
    with pytest.raises(CommandRefusedError, match="the sandbox"):
        resolve(world, "traffic", EXPORTER, asked)


def test_without_kafkas_own_tool_its_command_is_refused(world: World) -> None:
    """The stand-in broker comes without it."""
    world.set("kafka.kind", "stand-in")
    with pytest.raises(CommandRefusedError, match="stand-in"):
        resolve(world, "traffic", EXPORTER, [TOOL, "--list"])


def test_psql_is_led_to_the_pods_own_server(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it was told to go; a file of passwords that is this user's alone lets it in."""
    monkeypatch.setattr("apgms_ops.sandbox.postgres.programs.find", lambda *_: Path("/bin/psql"))
    (world.folder("postgres") / "apgms_reader.password").write_text("secret")
    asked = ["psql", "-X", "-h", "elsewhere", "--port=1", "-U", "apgms_reader", "-d", "apgms", "-Atc", "SELECT 1"]
    command = resolve(world, "replica", {"service": "postgres"}, asked)
    assert command.argv == ("/bin/psql", "-X", "-U", "apgms_reader", "-d", "apgms", "-At", "-c", "SELECT 1")
    assert command.environment["PGHOST"] == "127.0.0.1"
    assert command.environment["PGPORT"] == str(world.port("postgres.replica"))
    passwords = Path(command.environment["PGPASSFILE"])
    assert passwords.read_text() == "127.0.0.1:*:*:apgms_reader:secret\n"
    assert passwords.stat().st_mode & 0o077 == 0
    refusals = (
        ["-f", "/etc/passwd"],
        ["-o", "/tmp/x"],
        ["--log-file=/tmp/x"],
        ["-c", "\\! id"],
        ["-d", "host=elsewhere"],
        ["host=elsewhere"],
    )
    for refused in refusals:
        with pytest.raises(CommandRefusedError, match="psql"):
            resolve(world, "replica", {"service": "postgres"}, ["psql", *refused])


@pytest.mark.parametrize(
    ("line", "taken"),
    [
        (b"SELECT 'a';", True),
        (b"", True),
        (b"\\echo '-- 0123'", True),
        (b"\\! id", False),
        (b"SELECT 1 \\g |id", False),
        (b"\\copy t TO PROGRAM 'id'", False),
        (b"\\echo 'a' \\! id", False),
        (b"\\echo `id`", False),
    ],
)
def test_psql_is_given_sql_and_no_command_of_its_own(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    line: bytes,
    taken: bool,  # noqa: FBT001
) -> None:
    """A line that says where an answer ends is taken too."""
    monkeypatch.setattr("apgms_ops.sandbox.postgres.programs.find", lambda *_: Path("/bin/psql"))
    takes = resolve(world, "replica", {"service": "postgres"}, ["psql"]).takes
    assert takes is not None
    assert bool(takes.fullmatch(line)) == taken


def test_an_image_of_a_test_brings_commands_of_its_own(world: World) -> None:
    """With the arguments that are given."""
    manifest = {"service": "tiny", "commands": {"say": ["/bin/echo", "a"]}}
    assert resolve(world, "p", manifest, ["say", "b"]).argv == ("/bin/echo", "a", "b")
