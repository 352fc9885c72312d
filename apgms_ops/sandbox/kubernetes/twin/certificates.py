"""The certificates of a control plane: an authority of this sandbox's own, and what it signs. Valid for a month."""

from pathlib import Path
from typing import Final

from apgms_ops.sandbox.certificates import Authority, crt, key, new_key

__all__ = ["AUTHORITY", "KUBELET_CLIENT", "SERVER", "SERVICE_ACCOUNTS", "crt", "key", "write"]

AUTHORITY: Final = "ca"
SERVER: Final = "apiserver"
KUBELET_CLIENT: Final = "kubelet-client"
"""As whom the API server asks a node, which lets nobody else in."""
SERVICE_ACCOUNTS: Final = "service-accounts"
"""A key without a certificate: tokens of service accounts are signed with it."""
_NAMES: Final = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")


def write(folder: Path, addresses: tuple[str, ...]) -> None:
    """Write `<name>.crt` and `<name>.key` of each of them, unless they are there.

    Args:
        folder: Where to.
        addresses: The IP addresses that the API server is asked at.
    """
    if crt(folder, KUBELET_CLIENT).exists():
        return
    authority = Authority(folder, AUTHORITY)
    authority.server(SERVER, _NAMES, addresses)
    new_key(folder, SERVICE_ACCOUNTS)
    authority.client(KUBELET_CLIENT)
