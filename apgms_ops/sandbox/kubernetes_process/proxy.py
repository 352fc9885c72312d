"""The API's proxy: a request is handed to a pod, or to one that stands behind a service, and its answer back."""

import http.client
import random
from collections.abc import Iterator
from typing import Final

from apgms_ops.sandbox.kubernetes_process.kinds import OF, Object
from apgms_ops.sandbox.kubernetes_process.message import JSON, Answer, Request, Response, Stream
from apgms_ops.sandbox.kubernetes_process.paths import Target
from apgms_ops.sandbox.kubernetes_process.status import UNAVAILABLE, Refused, bad_request, not_found
from apgms_ops.sandbox.kubernetes_process.store import Store

_SECONDS: Final = 30.0
"""How long what stands behind may be silent."""
_PIECE: Final = 1 << 16
_MOVED: Final = 301
_BODYLESS: Final = (204, 304)
_OWN: Final = frozenset(
    (
        "authorization",
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
"""Headers, in lower case, that are not handed on: of one connection, or for the API server's eyes alone."""


class Proxy:
    """Hands requests on."""

    def __init__(self, store: Store, chance: random.Random) -> None:
        """Take where services and pods are stored, and what chooses between several that are ready."""
        self._store = store
        self._chance = chance

    def forward(self, about: Target, request: Request) -> Answer:
        """Return what a pod or service answers.

        Raises:
            Refused: There is none, none that is ready, or it cannot be reached.
        """
        if not about.rest:
            query = f"?{request.query_text}" if request.query_text else ""
            return Response(_MOVED, headers={"Location": f"{request.path}/{query}"})
        name, port = _split(about)
        host, number = (
            self._service(about.namespace, name, port)
            if about.resource.plural == "services"
            else self._pod(about.namespace, name, port)
        )
        path = about.rest + (f"?{request.query_text}" if request.query_text else "")
        connection = http.client.HTTPConnection(host, number, timeout=_SECONDS)
        try:
            connection.putrequest(request.method, path, skip_accept_encoding=True)
            for field, value in request.headers.items():
                if field not in _OWN:
                    connection.putheader(field, value)
            connection.putheader("X-Forwarded-Uri", request.path)
            connection.putheader("Content-Length", str(len(request.body)))
            connection.endheaders(request.body)
            found = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            message = f"error trying to reach service: dial tcp {host}:{number}: {error}"
            raise Refused(UNAVAILABLE, message) from error
        kind = found.getheader("Content-Type", JSON)
        headers = {
            field: value
            for field, value in found.getheaders()
            if field.lower() not in _OWN and field.lower() not in ("content-type", "date", "server")
        }
        if found.status in _BODYLESS:
            connection.close()
            return Response(found.status, headers=headers)
        return Stream(found.status, _pieces(connection, found), kind, headers)

    def _service(self, namespace: str, name: str, port: str) -> tuple[str, int]:
        service = self._store.get("services", namespace, name)
        if service is None:
            raise not_found(OF["services"], name)
        wanted = _port_name(service, port)
        endpoints = self._store.get("endpoints", namespace, name) or {}
        found = [
            (address["ip"], int(entry["port"]))
            for subset in endpoints.get("subsets") or ()
            for entry in subset.get("ports") or ()
            if entry.get("name", "") == wanted
            for address in subset.get("addresses") or ()
        ]
        if not found:
            message = f'no endpoints available for service "{name}"'
            raise Refused(UNAVAILABLE, message)
        return self._chance.choice(found)

    def _pod(self, namespace: str, name: str, port: str) -> tuple[str, int]:
        pod = self._store.get("pods", namespace, name)
        if pod is None:
            raise not_found(OF["pods"], name)
        ports = [
            entry["containerPort"] for container in pod["spec"]["containers"] for entry in container.get("ports") or ()
        ]
        if not port and ports:
            port = str(ports[0])
        address = pod["status"].get("podIP")
        if not address or not port.isdecimal():
            msg = f"address not allowed: pod {name} has address {address or 'none yet'} and port {port or 'none'}"
            raise bad_request(msg)
        return address, int(port)


def _split(about: Target) -> tuple[str, str]:
    """Return name and port of `name`, `name:port` or `http:name:port`."""
    parts = about.name.split(":")
    kind = about.resource.kind.lower()
    if len(parts) > 3 or (len(parts) == 3 and parts[0] not in ("", "http")) or "" in parts[1:2]:  # noqa: PLR2004
        msg = f'invalid {kind} request "{about.name}": name, name:port or http:name:port; https is not served here'
        raise bad_request(msg)
    if len(parts) == 3:  # noqa: PLR2004 — scheme, name, port
        parts = parts[1:]
    return parts[0], parts[1] if len(parts) > 1 else ""


def _port_name(service: Object, port: str) -> str:
    name, ports = service["metadata"]["name"], service["spec"].get("ports") or []
    if not port.isdecimal():  # a name, or none: then that of the port that has none
        return port
    for entry in ports:
        if entry["port"] == int(port):
            return str(entry.get("name", ""))
    message = f'no service port {port} found for service "{name}"'
    raise Refused(UNAVAILABLE, message)


def _pieces(connection: http.client.HTTPConnection, found: http.client.HTTPResponse) -> Iterator[bytes]:
    try:
        while piece := found.read1(_PIECE):
            yield piece
    finally:
        connection.close()
