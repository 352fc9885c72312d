"""The list of backups in the repository, read and written past pgBackRest's own commands: for faults.

The format is pgBackRest's (src/info/info.c): sections of `key=JSON`, with a SHA-1 over all of it at the end.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any, Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import errands
from apgms_ops.sandbox.pgbackrest import programs
from apgms_ops.sandbox.world import World

BACKUPS: Final = f"backup/{programs.STANZA}/backup.info"
ARCHIVE: Final = f"archive/{programs.STANZA}/archive.info"
_CURRENT: Final = "backup:current"

Sections = dict[str, dict[str, Any]]


def edit(world: World, file: str, change: Callable[[Sections], None], deadline: Deadline) -> str:
    """Change a list, and return what it was before.

    Args:
        world: Whose repository.
        file: BACKUPS or ARCHIVE.
        change: Changes the sections in place: name → key → value.
        deadline: For all of it.

    Raises:
        SandboxError: It cannot be read or written.
    """
    before = programs.run(world, "repo-get", file, deadline=deadline)
    sections = _parse(before)
    change(sections)
    put(world, file, _render(sections), deadline)
    return before


def put(world: World, file: str, text: str, deadline: Deadline) -> None:
    """Write a list, and its copy.

    Raises:
        SandboxError: It cannot be written.
    """
    for name in (file, f"{file}.copy"):
        command = programs.command(world, "repo-put", name, deadline=deadline)
        done = errands.run(
            world, programs.COMPONENT, command, deadline, env=programs.environment(world), given=text, name="repo-put"
        )
        if done.returncode:
            msg = f"{name} cannot be written: {done.stderr.strip() or done.stdout.strip()}"
            raise SandboxError(msg)


def each_backup(change: Callable[[dict[str, Any]], None]) -> Callable[[Sections], None]:
    """Return what changes the entry of every backup."""

    def changed(sections: Sections) -> None:
        for entry in sections[_CURRENT].values():
            change(entry)

    return changed


def newest_backup(sections: Sections) -> dict[str, Any]:
    """Return the entry of the newest backup."""
    found: dict[str, Any] = sections[_CURRENT][max(sections[_CURRENT])]
    return found


def without_the_full_one(sections: Sections) -> None:
    """Forget the full backup that the others are made of."""
    current = sections[_CURRENT]
    del current[min(current)]


def _parse(text: str) -> Sections:
    sections: Sections = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("["):
            name = line[1:-1]
            sections.setdefault(name, {})
        elif line:
            key, _, value = line.partition("=")
            sections[name][key] = json.loads(value)
    sections["backrest"].pop("backrest-checksum")
    return sections


def _render(sections: Sections) -> str:
    lines = {
        name: [(key, json.dumps(value, separators=(",", ":"))) for key, value in entries.items()]
        for name, entries in sections.items()
    }
    whole = ",".join(f'"{name}":{{{",".join(f"{json.dumps(k)}:{v}" for k, v in kvs)}}}' for name, kvs in lines.items())
    checksum = hashlib.sha1(f"{{{whole}}}".encode()).hexdigest()  # noqa: S324 — the format's own, against accidents
    text = "\n".join(f"[{name}]\n" + "".join(f"{key}={value}\n" for key, value in kvs) for name, kvs in lines.items())
    return f'{text}\n[backrest]\nbackrest-checksum="{checksum}"\n'
