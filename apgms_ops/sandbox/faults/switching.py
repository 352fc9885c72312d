"""Sets the switches inside the services: how a fault happens in a process that goes on."""

import http.client
import json
from collections.abc import Mapping
from typing import Any

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.world import World

Switch = bool | int | float


def switch(world: World, place: str, deadline: Deadline, **wanted: Switch) -> dict[str, Any]:
    """Set switches of one process, and return once they are in force what they were before.

    Args:
        world: Whose.
        place: What its control port is published under, without `.control`: `api-gateway.1`, `edge`, `abr`.
        deadline: For all of it.
        wanted: The switches: `fail_share=0.5`.

    Raises:
        SandboxError: The process does not answer, refuses, or answers with other values than were asked for.
    """
    before = switched(world, place, deadline)
    after = _exchange(world, place, deadline, dict(wanted))
    odd = {name: after.get(name) for name, value in wanted.items() if after.get(name) != value}
    if odd:
        msg = f"{place} was told {dict(wanted)}, and answers {odd}"
        raise SandboxError(msg)
    return {name: before[name] for name in wanted}


def switched(world: World, place: str, deadline: Deadline) -> dict[str, Any]:
    """Return every switch of one process.

    Raises:
        SandboxError: It does not answer.
    """
    return _exchange(world, place, deadline, None)


def _exchange(world: World, place: str, deadline: Deadline, wanted: Mapping[str, Switch] | None) -> dict[str, Any]:
    host, _, port = world.get(f"{place}.control").rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=deadline.require(f"switching {place}"))
    try:
        if wanted is None:
            connection.request("GET", "/switches")
        else:
            connection.request("POST", "/switches", json.dumps(wanted), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        msg = f"{place} does not take switches: {str(error) or type(error).__name__}"
        raise SandboxError(msg) from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        msg = f"{place} refuses the switches {dict(wanted or {})}: {text.strip()[:300]}"
        raise SandboxError(msg)
    decoded: dict[str, Any] = json.loads(text)
    return decoded
