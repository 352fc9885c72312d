"""The sandbox's registry of images: a file that says which tag stands for which image, and what each image holds.

An image holds what makes it this one: service, version, commit and time of the build. One of a test may hold a program
of its own (`program`), commands that may be run beside it (`commands`); one of a part of the sandbox that runs already
names its processes (`adopts`). Its digest is that of all it holds.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from apgms_ops.sandbox.source import SERVICES
from apgms_ops.sandbox.state import locked, write_atomically
from apgms_ops.sandbox.world import World

HOST: Final = "registry.sandbox.example/platform"
ADOPTED: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "postgres": ("15", ("postgres/primary", "postgres/replica")),
    "kafka-exporter": ("1.9.0", ("traffic/traffic",)),
}
"""Workloads whose processes other components start: tag, and the processes, by the number of the pod."""
_FILE: Final = "images.json"
_RELEASES: Final = ("release.previous", "release")


def path(world: World) -> Path:
    """Return the registry's file."""
    return world.root / _FILE


def repository(service: str) -> str:
    """Return the repository of a service's images."""
    return f"{HOST}/{service}"


def reference(service: str, tag: str) -> str:
    """Return what a pod calls an image by its tag."""
    return f"{repository(service)}:{tag}"


def push(world: World, service: str, tag: str, manifest: Mapping[str, Any]) -> str:
    """Put an image into the registry, let a tag stand for it, whatever that stood for before, and return its digest."""
    canonical = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    digest = f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
    file = path(world)
    with locked(file.with_suffix(".lock")):
        registry = _read(file)
        kept = registry.setdefault(repository(service), {"tags": {}, "manifests": {}})
        kept["manifests"][digest] = dict(manifest)
        kept["tags"][tag] = digest
        write_atomically(file, json.dumps({"registry": registry}, indent=1))
    return digest


def move(world: World, service: str, tag: str, digest: str) -> str:
    """Let a tag stand for an image that is there already, and return what it stood for; an empty digest removes it."""
    file = path(world)
    with locked(file.with_suffix(".lock")):
        registry = _read(file)
        tags = registry.setdefault(repository(service), {"tags": {}, "manifests": {}})["tags"]
        before = str(tags.get(tag, ""))
        if digest:
            tags[tag] = digest
        else:
            tags.pop(tag, None)
        write_atomically(file, json.dumps({"registry": registry}, indent=1))
    return before


def push_all(world: World) -> None:
    """Put the images of both releases into the registry, under their tags, and those of what else runs; once."""
    for workload, (tag, adopted) in ADOPTED.items():
        push(world, workload, tag, {"service": workload, "version": tag, "adopts": list(adopted)})
    for release in _RELEASES:
        tag = world.get(f"{release}.tag")
        for service in SERVICES:
            if tag not in _read(path(world)).get(repository(service), {}).get("tags", {}):
                manifest = {
                    "service": service,
                    "version": tag,
                    "git_sha": world.get(f"{release}.sha"),
                    "built_at": world.get(f"{release}.built_at"),
                }
                push(world, service, tag, manifest)


def _read(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8"))["registry"])
    except FileNotFoundError:
        return {}
