"""Pods, events and what the server says of itself, made facts. Pure. A pod's environment is not looked at."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from apgms_ops.clients.http import Answer
from apgms_ops.clients.http.shape import field, mapping, text_field, wrong
from apgms_ops.clients.kubernetes.facts import Container, ContainerState, Event, Phase, Pod, Truth, Version
from apgms_ops.clients.kubernetes.parse import (
    Json,
    Meta,
    conditions,
    count,
    items,
    labels,
    part,
    time,
    truth,
    whole,
    word,
    words,
)

_STATES: Final = (ContainerState.RUNNING, ContainerState.WAITING, ContainerState.TERMINATED)
_LEADING: Final = "0123456789"


def pod(item: object, source: str) -> Pod:
    """Return a pod."""
    of = Meta(item, source)
    owner = of.owner
    ready = next((c for c in conditions(of.status, of.where) if c.type == "Ready"), None)
    containers = _containers(of, "containers", "containerStatuses")
    if not containers:
        wrong(f"{of.where}: spec.containers", "a list of one or more", [])
    return Pod(
        name=of.name,
        namespace=of.namespace,
        uid=of.uid,
        node=words(of.spec, "nodeName", of.where) or None,
        phase=word(Phase, words(of.status, "phase", of.where), Phase.UNKNOWN),
        reason=words(of.status, "reason", of.where) or None,
        ready=ready is not None and ready.status is Truth.TRUE,
        created_at=of.created_at,
        deleting=of.meta.get("deletionTimestamp") is not None,
        owner_kind=owner[0] if owner is not None else None,
        owner_name=owner[1] if owner is not None else None,
        owner_uid=owner[2] if owner is not None else None,
        labels=labels(of.meta, "labels", of.where),
        ip=words(of.status, "podIP", of.where) or None,
        containers=containers,
        init_containers=_containers(of, "initContainers", "initContainerStatuses"),
        ready_at=None if ready is None else ready.at,
    )


def _containers(of: Meta, wanted: str, seen: str) -> tuple[Container, ...]:
    statuses = {text_field(s, "name", f"{of.where}.{seen}"): s for s in items(of.status, seen, of.where)}
    return tuple(_container(spec, statuses, of.where) for spec in items(of.spec, wanted, of.where))


def _container(spec: Json, statuses: Mapping[str, Json], where: str) -> Container:
    name = text_field(spec, "name", f"{where}: a container")
    where = f"{where}: container {name}"
    status = statuses.get(name)
    state, told = (ContainerState.UNKNOWN, {}) if status is None else _state(status, where)
    last: Json = {} if status is None else part(part(status, "lastState", where), "terminated", where)
    ended = state is ContainerState.TERMINATED
    return Container(
        name=name,
        image=text_field(spec, "image", where),
        image_id=None if status is None else text_field(status, "imageID", where) or None,
        ready=status is not None and truth(status, "ready", where),
        started_at=time(told, "startedAt", where) if state is ContainerState.RUNNING else None,
        restarts=0 if status is None else whole(status, "restartCount", where),
        state=state,
        reason=words(told, "reason", where) or None,
        exit_code=whole(told, "exitCode", where) if ended else None,
        last_reason=words(last, "reason", where) or None,
        last_exit_code=whole(last, "exitCode", where) if last else None,
        last_finished_at=time(last, "finishedAt", where),
        ports=_ports(spec, where),
    )


def _state(status: Json, where: str) -> tuple[ContainerState, Json]:
    found = part(status, "state", where)
    for state in _STATES:
        if found.get(state.value) is not None:
            return state, mapping(found[state.value], f"{where}.state.{state.value}")
    return ContainerState.UNKNOWN, {}


def _ports(spec: Json, where: str) -> dict[str, int]:
    ports = {}
    for item in items(spec, "ports", where):
        number = whole(item, "containerPort", where)
        ports[words(item, "name", where) or str(number)] = number
    return ports


def event(item: object, source: str) -> Event:
    """Return an event, in whichever of its two forms it was written."""
    of = Meta(item, source)
    about = mapping(of.data.get("involvedObject"), f"{of.where}: involvedObject")
    series = part(of.data, "series", of.where)
    first = time(of.data, "firstTimestamp", of.where) or time(of.data, "eventTime", of.where) or of.created_at
    last = time(series, "lastObservedTime", of.where) or time(of.data, "lastTimestamp", of.where) or first
    times = count(series, "count", of.where) or count(of.data, "count", of.where)
    return Event(
        kind=text_field(about, "kind", f"{of.where}: involvedObject"),
        name=words(about, "name", f"{of.where}: involvedObject"),
        uid=words(about, "uid", f"{of.where}: involvedObject"),
        reason=words(of.data, "reason", of.where),
        message=words(of.data, "message", of.where),
        type=words(of.data, "type", of.where),
        count=max(1, times),
        first_at=first,
        last_at=last,
    )


def uid(answer: Answer) -> str:
    """Return the UID of the object that an answer is.

    Raises:
        BadAnswer: It is none, or has none.
    """
    data = mapping(answer.json(), answer.source)
    where = f"{answer.source}: metadata"
    found = text_field(mapping(data.get("metadata"), where), "uid", where)
    if not found:
        wrong(f"{where}.uid", "a UID", found)
    return found


def version(answer: Answer) -> Version:
    """Return the server's release; providers append to the minor number: `27+`.

    Raises:
        BadAnswer: It says none.
    """
    data = mapping(answer.json(), answer.source)
    return Version(
        _leading(data, "major", answer.source),
        _leading(data, "minor", answer.source),
        text_field(data, "gitVersion", answer.source),
    )


def _leading(data: Json, key: str, where: str) -> int:
    value = text_field(data, key, where)
    digits = value[: len(value) - len(value.lstrip(_LEADING))]
    if not digits:
        wrong(f"{where}.{key}", "a number", value)
    return int(digits)


def allowed(answer: Answer) -> tuple[bool, str]:
    """Return what a review of our own access says: whether, and why; a review that could not be made says neither.

    Raises:
        BadAnswer: It is no review, or one that could not be made.
    """
    data = mapping(answer.json(), answer.source)
    status = mapping(data.get("status"), f"{answer.source}: status")
    answered = field(status, "allowed", f"{answer.source}: status")
    if not isinstance(answered, bool):
        wrong(f"{answer.source}: status.allowed", "true or false", answered)
    error = words(status, "evaluationError", answer.source)
    if error and not answered:
        wrong(f"{answer.source}: the review", "complete", error)
    return answered, words(status, "reason", answer.source)


def server_time(answer: Answer) -> datetime | None:
    """Return the server's clock as an answer's head gives it, by the second; None where it does not."""
    from datetime import UTC  # noqa: PLC0415 — beside its only use
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 — beside its only use

    try:
        at = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
