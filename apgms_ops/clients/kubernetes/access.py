"""How the API server is reached: a context of a kubeconfig file, the pod's own service account, or an address.

The official client reads all of them, with what belongs to them: certificates, tokens that are renewed, programs that
hand out credentials. What it does besides is kept from happening: it writes into no kubeconfig file, sets no default
for the process, takes no proxy from the process's environment, and does not go on without credentials where a program
failed to hand any out. A context that says `insecure-skip-tls-verify` is refused: whoever answers would be believed.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from apgms_ops.errors import AccessDenied, ConfigurationError
from apgms_ops.redact import printable
from apgms_ops.secret import Secret

if TYPE_CHECKING:
    from kubernetes.client import ApiClient, Configuration

IN_CLUSTER: Final = "in-cluster"
"""The context that stands for the pod's own service account."""
_CAUSE: Final = 300
_loading = threading.Lock()
_importing = threading.Lock()
_PARTS: Final = ("kubernetes.client.configuration", "kubernetes.client.api_client", "kubernetes.config")


@dataclass(frozen=True, slots=True)
class Access:
    """Which API server, and as whom. Either `context` or `server` is set."""

    context: str | None = None
    """Of the kubeconfig file, or `in-cluster`."""
    kubeconfig: str | None = None
    """The file; None for `$KUBECONFIG`, or the one in the home folder."""
    server: str | None = None
    token: Secret | None = None
    ca_file: str | None = None

    @property
    def who(self) -> str:
        """Whose credentials, for people."""
        if self.server is not None:
            return "the token that the environment names" if self.token is not None else "nobody: no token was sent"
        if self.context == IN_CLUSTER:
            return "the pod's own service account"
        return f"context {self.context}"

    @property
    def where(self) -> str:
        """Which server, for people."""
        return f"at {self.server.rstrip('/')}" if self.server is not None else f"({self.context})"


class Line:
    """The official client's transport to one API server, made at its first use. Safe to use from several threads."""

    def __init__(self, access: Access) -> None:
        """Take how to get there; nothing is read yet."""
        self._access = access
        self._lock = threading.Lock()
        self._api: ApiClient | None = None

    @property
    def api(self) -> "ApiClient":
        """The client.

        Raises:
            ConfigurationError: The kubeconfig file, or what it names, is not there or not usable.
            AccessDenied: A program handed out no credentials.
        """
        import_client()
        from kubernetes.client import ApiClient  # noqa: PLC0415 — heavy

        with self._lock:
            if self._api is None:
                self._api = ApiClient(configuration(self._access))
            return self._api

    @property
    def configuration(self) -> "Configuration":
        """Its configuration, for those who open a connection of another kind."""
        settings: Configuration = self.api.configuration
        return settings

    def authorization(self) -> dict[str, str]:
        """Return the header that says who we are, renewed where it has run out; empty where a certificate does.

        Raises:
            AccessDenied: It cannot be renewed.
        """
        settings = self.configuration
        with self._lock, _hearing() as heard:
            try:
                value = settings.get_api_key_with_prefix("BearerToken", alias="authorization")
            except _failures() as error:
                raise self._no_credentials(str(error)) from None
        if heard:
            raise self._no_credentials(heard[-1])
        return {"authorization": str(value)} if value else {}

    def _no_credentials(self, why: str) -> AccessDenied:
        return AccessDenied(f"Kubernetes: {self._access.who} has no credentials: {printable(why, limit=_CAUSE)}")

    def close(self) -> None:
        """End its connections."""
        with self._lock:
            if self._api is not None:
                self._api.close()  # type: ignore[no-untyped-call]


def import_client() -> None:
    """Import what is used of the official client, one thread at a time.

    Its package loads each part when that is first asked for, and its parts ask for one another: two threads that begin
    at once would each hold what the other one waits for, which Python calls a deadlock and raises.
    """
    with _importing:
        for part in _PARTS:
            import_module(part)


def configuration(access: Access) -> "Configuration":
    """Return the official client's configuration.

    Raises:
        ConfigurationError: The kubeconfig file, or what it names, is not there or not usable; or it says that no
            certificate is to be verified.
        AccessDenied: A program handed out no credentials.
    """
    import_client()
    from kubernetes.client import Configuration  # noqa: PLC0415 — heavy

    settings = Configuration()
    settings.proxy = None  # a kubeconfig file may name one; the process's environment may not
    settings.retries = False  # redirects are no answers, and we try again ourselves
    if access.server is not None:
        settings.host = access.server.rstrip("/")
        settings.ssl_ca_cert = access.ca_file
        if access.token is not None:
            settings.api_key["BearerToken"] = f"Bearer {access.token.reveal()}"
        return settings
    with _loading, _hearing() as heard:
        try:
            _load(access, settings)
        except _failures() as error:
            why = printable(str(error), limit=_CAUSE) or type(error).__name__
            msg = f"Kubernetes: {access.who} cannot be used: {why}"
            raise ConfigurationError(msg) from None
    if heard:
        # The official client only logs this, and goes on as nobody.
        msg = f"Kubernetes: {access.who} has no credentials: {printable(heard[-1], limit=_CAUSE)}"
        raise AccessDenied(msg)
    if not settings.verify_ssl:
        msg = (
            f"Kubernetes: {access.who} says insecure-skip-tls-verify: whoever answers would be believed, and sent the "
            "credentials; put the cluster's own authority into the kubeconfig file (certificate-authority-data)"
        )
        raise ConfigurationError(msg)
    return settings


def _load(access: Access, settings: "Configuration") -> None:
    from kubernetes import config  # noqa: PLC0415 — heavy

    if access.context == IN_CLUSTER:
        config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]
        return
    if access.kubeconfig is not None:
        # The official client passes over a file that is not there.
        with open(_expanded(access.kubeconfig), "rb"):  # noqa: PTH123 — only whether it can be read
            pass
    config.load_kube_config(  # type: ignore[no-untyped-call]
        config_file=access.kubeconfig, context=access.context, client_configuration=settings, persist_config=False
    )


def _expanded(path: str) -> str:
    from pathlib import Path  # noqa: PLC0415 — beside its only use

    return str(Path(path).expanduser())


def _failures() -> tuple[type[Exception], ...]:
    """Return what the official client raises for a file that is not as it should be: whatever its lines trip over."""
    from kubernetes.config import ConfigException  # noqa: PLC0415 — heavy
    from yaml import YAMLError  # noqa: PLC0415 — beside its only use

    return (ConfigException, YAMLError, OSError, ValueError, KeyError, TypeError, AttributeError)


class _Ear(logging.Handler):
    """Hears what the official client logs in place of raising it."""

    def __init__(self, heard: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._heard = heard
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread and record.pathname.endswith("kube_config.py"):
            self._heard.append(record.getMessage())


@contextmanager
def _hearing() -> Iterator[list[str]]:
    heard: list[str] = []
    # It logs to the root logger, which without a handler would print.
    root: Any = logging.getLogger()
    ear = _Ear(heard)
    root.addHandler(ear)
    try:
        yield heard
    finally:
        root.removeHandler(ear)
