"""What the servers of a control plane are started with: their files, and their command lines."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from apgms_ops.sandbox.kubernetes.twin import certificates
from apgms_ops.sandbox.state import write_atomically

SERVICES: Final = "10.255.0.0/24"
"""Where services get their addresses, which nobody uses: no packet is sent there."""
_SERVICE: Final = "10.255.0.1"
"""The first of them is the API server's own."""
ADDRESS: Final = "127.0.0.1"
_TOKENS: Final = "tokens.csv"
_EGRESS: Final = "egress.yaml"
# What the sandbox's workloads need. Nothing here makes volumes, autoscales or signs certificates.
_CONTROLLERS: Final = (
    "deployment-controller",
    "replicaset-controller",
    "statefulset-controller",
    "job-controller",
    "cronjob-controller",
    "pod-garbage-collector-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "node-lifecycle-controller",
    "taint-eviction-controller",
    "endpoints-controller",
    "endpointslice-controller",
    "serviceaccount-controller",
)


def write(folder: Path, tokens: Mapping[str, tuple[str, tuple[str, ...]]], *, egress_port: int) -> None:
    """Write certificates, tokens, and the way into the pod network.

    Args:
        folder: Where to.
        tokens: User → token, and the groups that it is in.
        egress_port: The port of the proxy that leads to the pods.
    """
    certificates.write(folder, (ADDRESS, _SERVICE))
    lines = (f'{token},{user},{user},"{",".join(groups)}"\n' for user, (token, groups) in tokens.items())
    write_atomically(folder / _TOKENS, "".join(lines))
    own = {
        "caBundle": str(certificates.crt(folder, certificates.AUTHORITY)),
        "clientCert": str(certificates.crt(folder, certificates.KUBELET_CLIENT)),
        "clientKey": str(certificates.key(folder, certificates.KUBELET_CLIENT)),
    }
    transport = {"tcp": {"url": f"https://{ADDRESS}:{egress_port}", "tlsConfig": own}}
    proxy = {"proxyProtocol": "HTTPConnect", "transport": transport}
    selector = {
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [{"name": "cluster", "connection": proxy}],
    }
    write_atomically(folder / _EGRESS, json.dumps(selector))  # JSON is YAML


def egress(folder: Path, *, port: int) -> tuple[str, ...]:
    """Return the arguments of the way to the pods."""
    own = certificates.SERVER
    files = (certificates.crt(folder, own), certificates.key(folder, own))
    return (str(port), *map(str, files), str(certificates.crt(folder, certificates.AUTHORITY)))


def etcd(folder: Path, *, port: int, peer: int) -> tuple[str, ...]:
    """Return the options of etcd, one member on its own."""
    client, between = f"http://{ADDRESS}:{port}", f"http://{ADDRESS}:{peer}"
    return (
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={between}",
        f"--initial-advertise-peer-urls={between}",
        f"--initial-cluster=default={between}",
        "--logger=zap",
        "--log-level=warn",
    )


def apiserver(folder: Path, *, port: int, etcd_port: int) -> tuple[str, ...]:
    """Return the options of kube-apiserver."""
    own, kubelets = certificates.SERVER, certificates.KUBELET_CLIENT
    accounts = certificates.key(folder, certificates.SERVICE_ACCOUNTS)
    return (
        f"--etcd-servers=http://{ADDRESS}:{etcd_port}",
        f"--bind-address={ADDRESS}",
        f"--advertise-address={ADDRESS}",
        f"--secure-port={port}",
        # Its own address would go into the endpoints of service `kubernetes`, which takes no loopback address.
        "--endpoint-reconciler-type=none",
        f"--service-cluster-ip-range={SERVICES}",
        f"--tls-cert-file={certificates.crt(folder, own)}",
        f"--tls-private-key-file={certificates.key(folder, own)}",
        f"--client-ca-file={certificates.crt(folder, certificates.AUTHORITY)}",
        f"--token-auth-file={folder / _TOKENS}",
        "--anonymous-auth=false",
        "--authorization-mode=Node,RBAC",
        # Pods have no volumes here, so no token of a service account is put into one.
        "--disable-admission-plugins=ServiceAccount",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={accounts}",
        f"--service-account-key-file={accounts}",
        f"--kubelet-client-certificate={certificates.crt(folder, kubelets)}",
        f"--kubelet-client-key={certificates.key(folder, kubelets)}",
        "--kubelet-preferred-address-types=InternalIP",
        # A WebSocket of version 5 goes to the node as it is; else it would be made SPDY, which our node does not speak.
        "--feature-gates=TranslateStreamCloseWebsocketRequests=false",
        f"--egress-selector-config-file={folder / _EGRESS}",
        "--profiling=false",
    )


def controller_manager(folder: Path, kubeconfig: Path) -> tuple[str, ...]:
    """Return the options of kube-controller-manager."""
    return (
        f"--kubeconfig={kubeconfig}",
        f"--controllers={','.join(_CONTROLLERS)}",
        f"--service-account-private-key-file={certificates.key(folder, certificates.SERVICE_ACCOUNTS)}",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    )


def scheduler(kubeconfig: Path) -> tuple[str, ...]:
    """Return the options of kube-scheduler."""
    return (
        f"--kubeconfig={kubeconfig}",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    )
