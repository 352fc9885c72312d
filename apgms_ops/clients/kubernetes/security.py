"""What secures a WebSocket, from the configuration that secures the official client's requests. Pure."""

import ssl
from typing import Any
from urllib.parse import urlsplit


def tls(settings: Any) -> dict[str, Any]:  # noqa: ANN401 — the official client's configuration
    """Return the same certificates, for a WebSocket, that the official client's requests are sent with."""
    options: dict[str, Any] = {"cert_reqs": ssl.CERT_REQUIRED, **_certificate(settings)}
    if settings.ssl_ca_cert:
        options["ca_certs"] = settings.ssl_ca_cert
    if settings.assert_hostname is not None:
        options["check_hostname"] = settings.assert_hostname
    if settings.tls_server_name:
        options["server_hostname"] = settings.tls_server_name
    return options


def _certificate(settings: Any) -> dict[str, Any]:  # noqa: ANN401 — the official client's configuration
    named = {"certfile": settings.cert_file, "keyfile": settings.key_file}
    return {key: value for key, value in named.items() if value}


def proxy(settings: Any) -> dict[str, Any]:  # noqa: ANN401 — the official client's configuration
    """Return the proxy of the kubeconfig file, and otherwise none, whatever the process's environment says."""
    if not settings.proxy:
        return {"http_no_proxy": ["*"]}
    proxy = urlsplit(settings.proxy)
    return {"http_proxy_host": proxy.hostname, "http_proxy_port": proxy.port, "proxy_type": proxy.scheme}
