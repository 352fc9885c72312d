"""The kubeconfig of the sandbox's API server: a context a user, the reader's being the current one."""

import base64
from collections.abc import Sequence
from pathlib import Path

from apgms_ops.sandbox.kubernetes.credentials import User
from apgms_ops.sandbox.state import write_atomically

_CLUSTER = "sandbox"


def write(path: Path, url: str, users: Sequence[User], *, authority: bytes | None = None, namespace: str) -> None:
    """Write the file, private to this user.

    Args:
        path: Where to.
        url: Where the API server is.
        users: Whose contexts; the first one's is the current one.
        authority: The PEM of the authority that signed its certificate, where it speaks TLS.
        namespace: The namespace of every context.
    """
    import yaml  # noqa: PLC0415 — written once a start

    cluster = {"server": url}
    if authority is not None:
        cluster["certificate-authority-data"] = base64.b64encode(authority).decode("ascii")
    contexts = [
        {"name": user.context, "context": {"cluster": _CLUSTER, "user": user.context, "namespace": namespace}}
        for user in users
    ]
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _CLUSTER, "cluster": cluster}],
        "users": [{"name": user.context, "user": {"token": user.token}} for user in users],
        "contexts": contexts,
        "current-context": users[0].context,
    }
    write_atomically(path, yaml.safe_dump(content, sort_keys=False))
