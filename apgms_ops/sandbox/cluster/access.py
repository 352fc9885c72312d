"""Where a Kubernetes API is, and as whom it is asked: one context of a kubeconfig."""

import base64
import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from apgms_ops.errors import SandboxError

_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Access:
    """One API server and one user of it."""

    host: str
    port: int
    path: str
    """What stands before every path; mostly nothing."""
    tls: ssl.SSLContext | None
    """None where it is asked over plain HTTP."""
    token: str = field(default="", repr=False)


def read(kubeconfig: Path, context: str = "") -> Access:
    """Return what a context of a kubeconfig says.

    Args:
        kubeconfig: The file.
        context: Its context; by default the current one.

    Raises:
        SandboxError: The file cannot be read, or lacks what it refers to.
    """
    import yaml  # noqa: PLC0415 — a kubeconfig is YAML

    # As safe as the other one, and ten times as fast, where PyYAML was built with it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        config = yaml.load(kubeconfig.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 — a safe loader
        chosen = _named(config, "contexts", context or config["current-context"])["context"]
        cluster = _named(config, "clusters", chosen["cluster"])["cluster"]
        user = _named(config, "users", chosen["user"])["user"]
        parts = urlsplit(cluster["server"])
        return Access(
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            path=parts.path.rstrip("/"),
            tls=_tls(cluster, user, kubeconfig.parent) if parts.scheme == "https" else None,
            token=_token(user, kubeconfig.parent),
        )
    except OSError as error:
        msg = f"{error.filename or kubeconfig}: {error.strerror}"
        raise SandboxError(msg) from error
    except (KeyError, TypeError, ValueError, StopIteration, yaml.YAMLError) as error:
        msg = f"{kubeconfig} is no kubeconfig with a context {context or '(current)'}: {type(error).__name__}: {error}"
        raise SandboxError(msg) from error


def _named(config: Mapping[str, Any], section: str, name: str) -> Mapping[str, Any]:
    found = [entry for entry in config[section] if entry["name"] == name]
    if not found:
        msg = f"{section} has no {name}"
        raise KeyError(msg)
    return dict(found[0])


def _token(user: Mapping[str, Any], beside: Path) -> str:
    if "tokenFile" in user:
        return (beside / str(user["tokenFile"])).read_text(encoding="utf-8").strip()
    return str(user.get("token", ""))


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any], beside: Path) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority = _data(cluster, "certificate-authority", beside)
    if authority is not None:
        context = ssl.create_default_context(cadata=authority.decode("ascii"))
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate, key = _data(user, "client-certificate", beside), _data(user, "client-key", beside)
    if certificate is not None and key is not None:
        _present(context, certificate + b"\n" + key)
    return context


def _data(entry: Mapping[str, Any], name: str, beside: Path) -> bytes | None:
    """Return what an entry holds itself, as Base64, or names a file of."""
    if f"{name}-data" in entry:
        return base64.b64decode(entry[f"{name}-data"])
    return (beside / entry[name]).read_bytes() if name in entry else None


def _present(context: ssl.SSLContext, pem: bytes) -> None:
    """Load a certificate and its key, which the library takes from a file alone."""
    descriptor, path = tempfile.mkstemp(prefix="apgms-ops-")  # readable by this user alone
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
        context.load_cert_chain(path)
    finally:
        Path(path).unlink()
