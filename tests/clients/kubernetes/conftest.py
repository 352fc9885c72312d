"""A server that plays an API server byte by byte, and a client of it that never waits."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.clients.kubernetes.access import Access
from apgms_ops.clients.kubernetes.client import KubernetesClient
from apgms_ops.observation import Recorder
from apgms_ops.redact import Redactor
from apgms_ops.secret import Secret
from tests.clients.kubernetes.wire import TOKEN, Server


@pytest.fixture
def recorder() -> Recorder:
    """A recorder that knows the token."""
    return Recorder(Redactor([Secret(TOKEN)]))


@pytest.fixture
def client(server: Server, recorder: Recorder) -> KubernetesClient:
    """A client by address and token, whose waits are not jittered."""
    return KubernetesClient(
        access=Access(server=server.url, token=Secret(TOKEN)), recorder=recorder, jitter=lambda: 0.0
    )


@pytest.fixture
def kubeconfig(tmp_path: Path, server: Server) -> Callable[[dict[str, Any]], str]:
    """Write a kubeconfig file whose context `test` is a user of the test's own."""

    def write(user: dict[str, Any], **cluster: Any) -> str:  # noqa: ANN401 — what a kubeconfig file holds
        path = tmp_path / "config"
        data = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": server.url, **cluster}}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "test", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "elsewhere",
        }
        path.write_text(json.dumps(data), encoding="utf-8")
        return str(path)

    return write
