"""What is known of pods, rollouts and events, as a person reads it. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from apgms_ops.clients.kubernetes.facts import Container, Deployment, Event, Pod, ReplicaSet, StatefulSet
from apgms_ops.redact import printable


def pod(one: Pod, events: Iterable[Event]) -> str:
    """Return what `kubectl describe pod` would show, but for its environment, which may hold secrets."""
    owner = f"{one.owner_kind}/{one.owner_name}" if one.owner_name else "nobody"
    lines = [
        f"Pod:        {one.namespace}/{one.name}  ({one.uid})",
        f"Node:       {one.node or 'not scheduled'}",
        f"Phase:      {one.phase}{f', {one.reason}' if one.reason else ''}{', deleting' if one.deleting else ''}",
        f"Ready:      {one.ready}{f' since {_at(one.ready_at)}' if one.ready_at else ''}",
        f"Created:    {_at(one.created_at)}",
        f"Controlled: {owner}",
        f"Address:    {one.ip or 'none'}",
        f"Labels:     {', '.join(f'{name}={value}' for name, value in sorted(one.labels.items())) or 'none'}",
    ]
    for kind, containers in (("Init container", one.init_containers), ("Container", one.containers)):
        for container in containers:
            lines += _container(kind, container)
    own = [event for event in events if event.kind == "Pod" and event.name == one.name]
    lines += ["Events:", *(f"  {line}" for line in event_lines(own))]
    return _text(lines)


def _container(kind: str, one: Container) -> list[str]:
    state = f"{one.state}{f', {one.reason}' if one.reason else ''}"
    ended = "" if one.exit_code is None else f", exit code {one.exit_code}"
    lines = [
        f"{kind} {one.name}:",
        f"  Image:    {one.image}",
        f"  Image id: {one.image_id or 'not pulled'}",
        f"  State:    {state}{ended}{f' since {_at(one.started_at)}' if one.started_at else ''}",
        f"  Ready:    {one.ready}",
        f"  Restarts: {one.restarts}",
    ]
    if one.last_exit_code is not None or one.last_reason:
        when = _at(one.last_finished_at) if one.last_finished_at else "at an unknown time"
        lines.append(f"  Before:   {one.last_reason or 'ended'}, exit code {one.last_exit_code}, {when}")
    return lines


def events(found: Sequence[Event]) -> str:
    """Return events in the order of their last occurrence."""
    return _text(event_lines(found))


def event_lines(found: Iterable[Event]) -> list[str]:
    """Return a line an event, the latest last."""
    ordered = sorted(found, key=lambda event: event.last_at)
    return [
        f"{_at(one.last_at)}  {one.type:<7}  {one.kind}/{one.name}  {one.reason} (x{one.count}): {one.message}"
        for one in ordered
    ] or ["none that the cluster still knows"]


def rollouts(deployments: Iterable[Deployment], sets: Iterable[ReplicaSet], stateful: Iterable[StatefulSet]) -> str:
    """Return how far each workload has come."""
    lines: list[str] = []
    owned = list(sets)
    for one in deployments:
        observed = "" if one.observed_generation >= one.generation else "; NOT OBSERVED YET"
        lines += [
            f"Deployment/{one.name}, revision {one.revision}{', paused' if one.paused else ''}",
            f"  {one.replicas} wanted, {one.updated} updated, {one.ready} ready, {one.available} available{observed}",
            f"  images: {_images(one.images)}",
            *(f"  {c.type}={c.status} {c.reason}: {c.message}" for c in one.conditions),
        ]
        lines += [
            f"  ReplicaSet/{each.name}, revision {each.revision}: {each.ready} of {each.wanted} ready, "
            f"{_images(each.images)}, created {_at(each.created_at)}"
            for each in owned
            if each.owner_uid == one.uid
        ]
    for each in stateful:
        lines += [
            f"StatefulSet/{each.name}, {each.current_revision} to {each.update_revision}",
            f"  {each.replicas} wanted, {each.updated} updated, {each.ready} ready, {each.available} available",
            f"  images: {_images(each.images)}",
        ]
    return _text(lines or ["there is none"])


def _images(images: dict[str, str]) -> str:
    return ", ".join(f"{name}: {image}" for name, image in sorted(images.items()))


def _at(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S}Z"


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{_line(line)}\n" for line in lines)


def _line(line: str) -> str:
    """Return it harmless, its indentation kept."""
    bare = line.lstrip(" ")
    return f"{' ' * (len(line) - len(bare))}{'  '.join(printable(part, limit=4000) for part in bare.split('  '))}"
