"""The few commands that may be run in a pod, and what runs in their place: programs of the sandbox, on its systems."""

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.kafka.jars import Jars
from apgms_ops.sandbox.pgbackrest import programs as pgbackrest
from apgms_ops.sandbox.postgres import programs
from apgms_ops.sandbox.state import write_atomically
from apgms_ops.sandbox.world import World

_GROUPS: Final = "kafka-consumer-groups.sh"
_PSQL: Final = "psql"
_PGBACKREST: Final = "pgbackrest"
_PGBACKREST_VERBS: Final = frozenset(("info", "verify", "check", "version"))
"""What neither takes a backup nor restores one."""
_PGBACKREST_OPTION: Final = re.compile(
    r"--(?:stanza|output|(?:io|db|protocol|archive)-timeout|log-level-(?:console|stderr|file))=[A-Za-z0-9._-]+|--verbose"
)
_FINDING: Final = 30.0
_OFFSETS: Final = "kafka-get-offsets.sh"
_CLUSTER: Final = "kafka-cluster.sh"
_KAFKA_TOOLS: Final = {
    _GROUPS: "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    _OFFSETS: "org.apache.kafka.tools.GetOffsetShell",
    _CLUSTER: "org.apache.kafka.tools.ClusterTool",
}
_BOOTSTRAP: Final = "--bootstrap-server"
# What only reads. Anything else could reset offsets or delete a group.
_KAFKA_FLAGS: Final = {
    _GROUPS: frozenset(
        ("--describe", "--list", "--all-groups", "--members", "--offsets", "--state", "--type", "--verbose")
    )
    | {"--version", "--help"},
    _OFFSETS: frozenset(),
    _CLUSTER: frozenset(("cluster-id",)),
}
_KAFKA_VALUES: Final = {
    _GROUPS: frozenset((_BOOTSTRAP, "--group", "--timeout")),
    _OFFSETS: frozenset((_BOOTSTRAP, "--time", "--topic", "--topic-partitions")),
    _CLUSTER: frozenset((_BOOTSTRAP,)),
}
_PSQL_FLAGS: Final = re.compile(
    r"-[XqAtwbeEnz1]+|--(?:no-psqlrc|quiet|no-align|tuples-only|no-password|csv|version|single-transaction)"
)
_PSQL_BUNDLE: Final = re.compile(r"(-[XqAtwbeEnz1]+)([cdUvPFR])")
_PSQL_VALUES: Final = frozenset(
    ("-c", "--command", "-d", "--dbname", "-U", "--username", "-v", "--set", "--variable", "-P", "--pset", "-F", "-R")
)
# SQL, and a line that says where an answer ends. psql's own commands begin with a backslash, and one runs any program.
_PSQL_LINE: Final = re.compile(rb"[^\\]*|\\echo '[^'\\]*'")
_PSQL_DATABASE: Final = frozenset(("-d", "--dbname"))
_PSQL_OWN: Final = frozenset(("-h", "--host", "-p", "--port"))
"""Options that lead elsewhere: only the pod's own server is meant, wherever that is."""


class CommandRefusedError(Exception):
    """The sandbox does not run this; the text says so to who asked."""


@dataclass(frozen=True, slots=True)
class Command:
    """What is run."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    takes: re.Pattern[bytes] | None = None
    """What each line that it is given must be; None where it may be anything."""


def resolve(world: World, process: str, manifest: Mapping[str, object], asked: Sequence[str]) -> Command:
    """Return what to run for a command in a container.

    Args:
        world: Whose.
        process: The process of the container.
        manifest: Its image's.
        asked: Program and arguments.

    Raises:
        CommandRefusedError: It is none of the sandbox's own.
    """
    name = PurePosixPath(asked[0]).name if asked else ""
    own = manifest.get("commands")
    if isinstance(own, Mapping) and name in own:
        return Command((*own[name], *asked[1:]))
    makers: Mapping[tuple[object, str], Callable[[World, str, Sequence[str]], Command]] = {
        **{("kafka-exporter", tool): partial(_kafka, tool) for tool in _KAFKA_TOOLS},
        ("postgres", _PSQL): _psql,
        ("postgres", _PGBACKREST): _pgbackrest,
    }
    maker = makers.get((manifest.get("service"), name))
    if maker is None:
        msg = f"the sandbox runs only its own commands in a pod, and here not: {' '.join(asked)[:200]}"
        raise CommandRefusedError(msg)
    return maker(world, process, asked[1:])


def _kafka(tool: str, world: World, _process: str, arguments: Sequence[str]) -> Command:
    """One of Kafka's own tools, on the sandbox's broker."""
    given = list(arguments)
    kept: list[str] = []
    while given:
        option, _, value = given.pop(0).partition("=")
        if option in _KAFKA_FLAGS[tool] and not value:
            kept.append(option)
        elif option in _KAFKA_VALUES[tool] and (value or given):
            chosen = value or given.pop(0)
            kept += [] if option == _BOOTSTRAP else [option, chosen]
        else:
            raise _refused(tool, option)
    java = shutil.which("java")
    jars = Jars(world.cache)
    if java is None or world.get("kafka.kind", "") != "apache":
        msg = "the sandbox's broker is the stand-in, which Kafka's own tool does not come with"
        raise CommandRefusedError(msg)
    # One compiler and a small heap: the tool lives for two seconds.
    tuned = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx128m")
    # A tool with verbs of its own is told its verb first.
    verbs = [word for word in kept if not word.startswith("-")] if tool == _CLUSTER else []
    options = [word for word in kept if word not in verbs]
    program = (java, *tuned, "-cp", jars.class_path, _KAFKA_TOOLS[tool])
    return Command((*program, *verbs, _BOOTSTRAP, world.get("kafka.bootstrap"), *options))


def _psql(world: World, process: str, arguments: Sequence[str]) -> Command:
    """PostgreSQL's own client, on the server that this pod is, for SQL alone."""
    given = list(arguments)
    kept: list[str] = []
    while given:
        argument = given.pop(0)
        bundled = _PSQL_BUNDLE.fullmatch(argument)
        if bundled is not None:
            kept.append(bundled[1])
            argument = f"-{bundled[2]}"
        option, joined, value = argument.partition("=") if argument.startswith("--") else (argument, "", "")
        if _PSQL_FLAGS.fullmatch(argument):
            kept.append(argument)
        elif option in _PSQL_VALUES | _PSQL_OWN and (joined or given):
            value = value if joined else given.pop(0)
            if not _PSQL_LINE.fullmatch(value.encode()) or (option in _PSQL_DATABASE and "=" in value):
                raise _refused(_PSQL, value)
            kept += [] if option in _PSQL_OWN else [option, value]
        elif not argument.startswith("-") and "=" not in argument:
            kept.append(argument)  # a database, and a user behind it
        else:
            raise _refused(_PSQL, argument)
    folder, port = world.folder("postgres"), world.port(f"postgres.{process}")
    passwords = "".join(
        f"127.0.0.1:*:*:{path.stem}:{path.read_text(encoding='utf-8').strip()}\n" for path in folder.glob("*.password")
    )
    file = folder / "pgpass.exec"
    write_atomically(file, passwords)
    program = programs.find(world, "psql", Deadline(_FINDING))
    environment = {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGPASSFILE": str(file), "PGUSER": "postgres"}
    return Command((str(program), *kept), environment | programs.libraries(world), _PSQL_LINE)


def _pgbackrest(world: World, _process: str, arguments: Sequence[str]) -> Command:
    """pgBackRest, as the pod of either server has it: with the same configuration, of the primary."""
    verbs = [argument for argument in arguments if not argument.startswith("-")]
    unknown = [one for one in arguments if one.startswith("-") and not _PGBACKREST_OPTION.fullmatch(one)]
    if len(verbs) != 1 or verbs[0] not in _PGBACKREST_VERBS or unknown:
        raise _refused(_PGBACKREST, " ".join(unknown or verbs))
    program = pgbackrest.find(world, Deadline(_FINDING))
    config = f"--config={pgbackrest.config(world, pgbackrest.WRITER)}"
    return Command((str(program), config, *arguments), pgbackrest.environment(world))


def _refused(tool: str, argument: str) -> CommandRefusedError:
    return CommandRefusedError(f"the sandbox does not run {tool} with {argument[:200]}")
