"""The way to a node: logs and exec are asked of its kubelet, over TLS, as a real API server asks."""

import http.client
import select
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from apgms_ops.sandbox.kubernetes_process.kinds import OF, Object
from apgms_ops.sandbox.kubernetes_process.message import TEXT, Request, Response, Stream, Takeover
from apgms_ops.sandbox.kubernetes_process.status import (
    BAD_REQUEST,
    NOT_FOUND,
    OK,
    Refused,
    bad_request,
    internal,
    not_found,
)
from apgms_ops.sandbox.kubernetes_process.store import Store

_CONNECT: Final = 5.0
_PIECE: Final = 1 << 16
_LOG_OPTIONS: Final = ("follow", "limitBytes", "previous", "sinceSeconds", "sinceTime", "tailLines", "timestamps")
_EXEC_OPTIONS: Final = {"stdin": "input", "stdout": "output", "stderr": "error", "tty": "tty"}
"""As the API names them, and as a kubelet does."""
_DEFAULT: Final = "kubectl.kubernetes.io/default-container"
_HANDED_ON: Final = ("upgrade", "connection", "origin", "user-agent")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a container runs."""

    host: str
    port: int
    path: str
    """`platform/api-gateway-5d-x/api-gateway`, as it stands in a kubelet's paths."""


class Kubelets:
    """Asks the nodes' kubelets."""

    def __init__(self, store: Store, certificate: tuple[str, str] | None = None) -> None:
        """Take where nodes and pods are stored, and the files of certificate and key that kubelets know us by."""
        self._store = store
        # As a real API server does that is given no authority of kubelets: each has a certificate of its own.
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._tls.check_hostname = False
        self._tls.verify_mode = ssl.CERT_NONE
        if certificate is not None:
            self._tls.load_cert_chain(*certificate)

    def logs(self, namespace: str, name: str, query: Mapping[str, str]) -> Stream | Response:
        """Return a container's log.

        Raises:
            Refused: There is no such pod or container, it runs nowhere yet, or its kubelet says no or nothing.
        """
        pod = self._pod(namespace, name)
        container = _container(pod, query.get("container", ""))
        if not pod["spec"].get("nodeName"):
            return Response(OK, b"", TEXT)  # as the real one: no node yet, no log yet
        place = self._place(pod, container)
        options = {option: query[option] for option in _LOG_OPTIONS if option in query}
        url = f"/containerLogs/{place.path}?{urlencode(options)}".rstrip("?")
        connection = http.client.HTTPSConnection(place.host, place.port, timeout=_CONNECT, context=self._tls)
        try:
            connection.connect()
            connection.sock.settimeout(None)
            connection.request("GET", url)
            found = connection.getresponse()
            if found.status != OK:
                raise _refused(found.status, found.read(_PIECE).decode(errors="replace").strip(), name)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise _unreachable(place, url, error) from error
        return Stream(OK, _pieces(connection, found), TEXT)

    def execute(self, namespace: str, name: str, request: Request) -> Takeover:
        """Return what connects the client with the kubelet, byte for byte.

        Raises:
            Refused: There is no such pod or container, it does not run, or its kubelet cannot be reached.
        """
        pod, query = self._pod(namespace, name), request.query
        if pod["status"].get("phase") in ("Succeeded", "Failed"):
            phase = pod["status"]["phase"]
            msg = f"cannot exec into a container in a completed pod; current phase is {phase}"
            raise bad_request(msg)
        place = self._place(pod, _container(pod, query.get("container", "")))
        if "upgrade" not in request.headers:
            msg = "Upgrade request required"
            raise bad_request(msg)
        asked = [(_EXEC_OPTIONS[option], "1") for option in _EXEC_OPTIONS if query.get(option, "") in ("1", "true")]
        asked += [("command", value) for option, value in request.parameters if option == "command"]
        url = f"/exec/{place.path}?{urlencode(asked)}"
        try:
            plain = socket.create_connection((place.host, place.port), _CONNECT)
            kubelet = self._tls.wrap_socket(plain, server_hostname=place.host)
        except OSError as error:
            raise _unreachable(place, url, error) from error
        head = _head(request, url, place)

        def run(client: socket.socket, early: bytes) -> None:
            with kubelet:
                kubelet.settimeout(None)
                kubelet.sendall(head + early)
                tunnel(client, kubelet)

        return Takeover(run)

    def _pod(self, namespace: str, name: str) -> Object:
        pod = self._store.get("pods", namespace, name)
        if pod is None:
            raise not_found(OF["pods"], name)
        return pod

    def _place(self, pod: Object, container: str) -> Place:
        metadata, node_name = pod["metadata"], pod["spec"].get("nodeName", "")
        if not node_name:
            msg = f"pod {metadata['name']} does not have a host assigned"
            raise bad_request(msg)
        node = self._store.get("nodes", "", node_name)
        if node is None:
            raise not_found(OF["nodes"], node_name)
        status = node.get("status") or {}
        addresses = {entry["type"]: entry["address"] for entry in status.get("addresses") or ()}
        host = addresses.get("InternalIP") or addresses.get("Hostname") or ""
        port = ((status.get("daemonEndpoints") or {}).get("kubeletEndpoint") or {}).get("Port", 0)
        if not host or not port:
            msg = f"no preferred addresses found; known addresses: {addresses}"
            raise internal(msg)
        return Place(host, int(port), "/".join(map(quote, (metadata["namespace"], metadata["name"], container))))


def tunnel(client: socket.socket, kubelet: ssl.SSLSocket) -> None:
    """Hand on bytes both ways until one side is done."""
    client.settimeout(None)
    while True:
        ready = [kubelet] if kubelet.pending() else select.select([client, kubelet], [], [])[0]
        for source, sink in ((client, kubelet), (kubelet, client)):
            if source in ready:
                data = source.recv(_PIECE)
                if not data:
                    return
                sink.sendall(data)


def _container(pod: Object, wanted: str) -> str:
    metadata, spec = pod["metadata"], pod["spec"]
    own = [container["name"] for container in spec["containers"]]
    every = [*own, *(container["name"] for container in spec.get("initContainers") or ())]
    if not wanted:
        wanted = (metadata.get("annotations") or {}).get(_DEFAULT, "") or (own[0] if len(every) == 1 else "")
    if not wanted:
        listed = " ".join(own)
        msg = f"a container name must be specified for pod {metadata['name']}, choose one of: [{listed}]"
        raise bad_request(msg)
    if wanted not in every:
        msg = f"container {wanted} is not valid for pod {metadata['name']}"
        raise bad_request(msg)
    return wanted


def _head(request: Request, url: str, place: Place) -> bytes:
    lines = [f"{request.method} {url} HTTP/1.1", f"Host: {place.host}:{place.port}"]
    for name, value in request.headers.items():
        if name in _HANDED_ON or name.startswith("sec-websocket-") or name == "x-stream-protocol-version":
            lines.append(f"{name}: {value}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", errors="replace")


def _pieces(connection: http.client.HTTPSConnection, found: http.client.HTTPResponse) -> Iterator[bytes]:
    try:
        while piece := found.read1(_PIECE):
            yield piece
    finally:
        connection.close()


def _refused(status: int, text: str, name: str) -> Refused:
    if status == BAD_REQUEST:
        return bad_request(text)
    if status == NOT_FOUND:
        message = f"the server could not find the requested resource ( pods/log {name})"
        causes: Sequence[Mapping[str, str]] = [{"reason": "UnexpectedServerResponse", "message": text}]
        return Refused(NOT_FOUND, message, details={"name": name, "kind": "pods/log", "causes": causes})
    return internal(f"Internal error occurred: the kubelet answered {status}: {text}")


def _unreachable(place: Place, url: str, error: Exception) -> Refused:
    return internal(f'Internal error occurred: Get "https://{place.host}:{place.port}{url}": {error}')
