"""What a bundle of 20 pods costs that logged 10 MB each, with secrets among it.

A process of its own plays the API server. The collector is a process of its own as well: its processor time, the most
that it held, and the bundle are what is measured. Exits with 1 if it takes more than 10 s of processor time, holds
more than 100 MB above its start, or lets one of the secrets through.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PODS, SIZE, CPU, MEMORY = 20, 10_000_000, 10.0, 100.0
_SECRETS = ("hunter2-Tr0ub4dor", "123 456 782", "ghp_" + "a1B2c3D4e5" * 3)
_EVERY = 1000
"""Lines from one secret to the next."""


def log() -> bytes:
    """Return ten megabytes as a service writes them."""
    lines, size, number = [], 0, 0
    while size < SIZE:
        number += 1
        body = {
            "time": f"2026-11-27T01:{number // 60 % 60:02}:{number % 60:02}.{number % 1000:03}Z",
            "level": "info",
            "message": "request handled",
            "method": "POST",
            "path": f"/v1/employers/{(number * 2654435761) % 10 ** (9 if number % 4 == 0 else 6)}/payments",
            "status": 200,
            "duration_ms": number % 400,
            "trace_id": f"{(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128:032x}",
        }
        if number % _EVERY == 0:
            body["message"] = f"token={_SECRETS[0]} tfn {_SECRETS[1]} with {_SECRETS[2]}"
        lines.append(f"{body['time']} {json.dumps(body)}\n".encode())
        size += len(lines[-1])
    return b"".join(lines)


def _pod(number: int) -> dict[str, Any]:
    status = {"name": "app", "image": "app:v1", "imageID": "", "ready": True, "restartCount": 0}
    return {
        "metadata": {
            "name": f"payments-{number}",
            "namespace": "platform",
            "uid": f"uid-{number}",
            "creationTimestamp": "2026-11-27T00:00:00Z",
            "labels": {"app": "payments"},
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "app", "image": "app:v1"}]},
        "status": {
            "phase": "Running",
            "podIP": "10.0.0.7",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-27T00:00:05Z"}],
            "containerStatuses": [status | {"state": {"running": {"startedAt": "2026-11-27T00:00:03Z"}}}],
        },
    }


def serve() -> None:
    """Play the API server until the process is ended; the first line printed is the address."""
    text = log()
    kinds = {"pods": "PodList", "events": "EventList", "deployments": "DeploymentList"}
    kinds |= {"replicasets": "ReplicaSetList", "statefulsets": "StatefulSetList"}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path.endswith("/log"):
                self._say(text, "text/plain")
            elif path.endswith("/kube-system"):
                found = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "kube-system", "uid": "uid"}}
                self._say(json.dumps(found).encode())
            else:
                kind = kinds[path.rpartition("/")[2]]
                items = [_pod(number) for number in range(PODS)] if kind == "PodList" else []
                listed: dict[str, Any] = {"kind": kind, "apiVersion": "v1", "metadata": {}, "items": items}
                self._say(json.dumps(listed).encode())

        def _say(self, body: bytes, media_type: str = "application/json") -> None:
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — as the base class names it
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


def bundled(url: str, path: Path) -> None:
    """Write the bundle, and print seconds of processor time, megabytes above the start, and files."""
    from apgms_ops.clients.kubernetes.access import Access  # noqa: PLC0415 — its import is not collecting
    from apgms_ops.clients.kubernetes.client import KubernetesClient  # noqa: PLC0415
    from apgms_ops.deadline import Deadline  # noqa: PLC0415
    from apgms_ops.incidents.diagnostics import About, collect, write  # noqa: PLC0415
    from apgms_ops.incidents.diagnostics.cluster import pieces_of  # noqa: PLC0415
    from apgms_ops.observation import Recorder  # noqa: PLC0415
    from apgms_ops.redact import Redactor  # noqa: PLC0415
    from apgms_ops.secret import Secret  # noqa: PLC0415

    redactor, at = Redactor([Secret("a-token-of-ours")]), datetime.now(UTC)
    access = Access(server=url, token=Secret("a-token-of-ours"))
    client = KubernetesClient(access=access, recorder=Recorder(redactor))
    client.pods("platform", Deadline(30))  # so that everything is imported
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    pieces = pieces_of(client, "platform", at - timedelta(hours=2), redactor, Deadline(30))
    with tempfile.TemporaryDirectory() as folder:
        taken = collect(pieces, Path(folder), redactor, Deadline(300))
        write(path, About("bench", "", at, at, {}, {}), taken)
    cpu = time.process_time() - began
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    whole = sum(one.file is not None and not one.missing for one in taken)
    sys.stdout.write(json.dumps([cpu, (most - before) * 1.024e-3, whole]))


@contextmanager
def served() -> Iterator[str]:
    """Run the server in a process of its own, and yield its address."""
    command = [sys.executable, "-m", "benchmarks.diagnostics", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().strip() if server.stdout is not None else ""
        finally:
            server.kill()


def main() -> int:
    """Measure, print, and return the exit code."""
    with tempfile.TemporaryDirectory() as folder, served() as url:
        path = Path(folder) / "bundle.zip"
        command = [sys.executable, "-m", "benchmarks.diagnostics", url, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        cpu, memory, whole = json.loads(done.stdout)
        size = path.stat().st_size
        with zipfile.ZipFile(path) as bundle:
            logs = {one.filename: one.file_size for one in bundle.infolist() if one.filename.startswith("logs/")}
            through = sorted({secret for name in logs for secret in _SECRETS if secret.encode() in bundle.read(name)})
    told = sum(logs.values()) / 1e6
    sys.stdout.write(
        f"logs         {len(logs)} of {PODS} pods, {told:.0f} MB, in a bundle of {size / 1e6:.1f} MB\n"
        f"processor    {cpu:.1f} s (limit {CPU:.0f} s)\n"
        f"memory       {memory:.0f} MB above the start (limit {MEMORY:.0f})\n"
        f"let through  {', '.join(through) or 'no secret'}\n"
    )
    whole_bundle = whole == PODS + 3 and len(logs) == PODS and told > PODS * SIZE / 1e6 * 0.99
    return 0 if whole_bundle and cpu <= CPU and memory <= MEMORY and not through else 1


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    elif sys.argv[1:]:
        bundled(sys.argv[1], Path(sys.argv[2]))
    else:
        sys.exit(main())
