"""The component: a real control plane, with the sandbox's namespaces, users and roles."""

import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.cluster import access
from apgms_ops.sandbox.cluster.api import Api, ApiError
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.kubernetes import kubeconfig
from apgms_ops.sandbox.kubernetes.component import POD_NETWORK
from apgms_ops.sandbox.kubernetes.credentials import ADMIN, NAME, READER, User, roles, users
from apgms_ops.sandbox.kubernetes.objects import NAMESPACES, namespace
from apgms_ops.sandbox.kubernetes.twin import certificates, configuration
from apgms_ops.sandbox.kubernetes.twin.programs import SERVERS, Programs
from apgms_ops.sandbox.world import World

_APISERVER, _MANAGER, _SCHEDULER = SERVERS
_ETCD: Final = "etcd"
_EGRESS: Final = "egress"
_EGRESS_MODULE: Final = "apgms_ops.sandbox.kubernetes.twin.egress_process"
_POLL: Final = 0.1
_CONFLICT: Final = 409
_REVIEW: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


class RealKubernetes(Component):
    """etcd, kube-apiserver, kube-controller-manager and kube-scheduler. Stopped and started, they keep their data."""

    name = NAME

    def install(self, world: World, deadline: Deadline) -> None:
        """See that the programs are there, building them the first time.

        Raises:
            SandboxError: They cannot be had.
        """
        Programs(world.cache).ensure(world, deadline)

    def start(self, world: World, deadline: Deadline) -> None:
        """Start etcd and the API server and, once that answers, the others over the sandbox's roles."""
        folder, programs = world.folder(NAME), Programs(world.cache)
        servers = User("control-plane", "system:control-plane", ("system:masters",), secrets.token_urlsafe(24))
        _write(world, servers)
        etcd, port = world.port("kubernetes.etcd"), world.port(NAME)
        own = configuration.etcd(folder, port=etcd, peer=world.port("kubernetes.etcd.peer"))
        world.spawn(NAME, [str(programs.etcd(world, deadline)), *own], process=_ETCD)
        way = configuration.egress(folder, port=world.port("kubernetes.egress"))
        world.spawn(NAME, [sys.executable, "-m", _EGRESS_MODULE, *way], process=_EGRESS)
        _spawn(world, programs.path(_APISERVER), configuration.apiserver(folder, port=port, etcd_port=etcd))
        _await(world, "the API server", lambda: _system(world), deadline)
        _grant(world)
        config = folder / "control-plane.kubeconfig"
        _spawn(world, programs.path(_MANAGER), configuration.controller_manager(folder, config))
        _spawn(world, programs.path(_SCHEDULER), configuration.scheduler(config))

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once roles are in force and controllers act, and say where the API is and which cluster it is."""
        path = world.folder(NAME) / "kubeconfig"
        allowed = {"verb": "list", "resource": "pods", "namespace": NAMESPACES[0]}
        question = {"spec": {"resourceAttributes": allowed}}
        reader, admin = Api(access.read(path, READER)), Api(access.read(path, ADMIN))
        _await(world, "its roles", lambda: reader.create(_REVIEW, question)["status"]["allowed"], deadline)
        account = f"/api/v1/namespaces/{NAMESPACES[0]}/serviceaccounts/default"  # a controller makes it
        _await(world, "its controllers", lambda: admin.get(account), deadline)
        world.set("kubernetes.uid", _system(world)["metadata"]["uid"])
        world.set("kubernetes.url", _url(world))
        world.set("kubernetes.kubeconfig", str(path))
        world.set(POD_NETWORK, "10")  # a real API server proxies to no loopback address, see `egress_process`


def _write(world: World, servers: User) -> None:
    """Write every file that the servers are started with, and the kubeconfigs."""
    folder, known = world.folder(NAME), users(world)
    tokens = {user.name: (user.token, user.groups) for user in (*known, servers)}
    configuration.write(folder, tokens, egress_port=world.port("kubernetes.egress"))
    authority = certificates.crt(folder, certificates.AUTHORITY).read_bytes()
    for name, whose in (("kubeconfig", known), ("control-plane.kubeconfig", (servers,))):
        kubeconfig.write(folder / name, _url(world), whose, authority=authority, namespace=NAMESPACES[0])


def _spawn(world: World, program: Path, options: tuple[str, ...]) -> None:
    world.spawn(NAME, [str(program), *options], process=program.name, env={"GOMAXPROCS": "2"})


def _url(world: World) -> str:
    return f"https://{configuration.ADDRESS}:{world.port(NAME)}"


def _admin(world: World) -> Api:
    return Api(access.read(world.folder(NAME) / "kubeconfig", ADMIN))


def _system(world: World) -> dict[str, Any]:
    return _admin(world).get("/api/v1/namespaces/kube-system")


def _grant(world: World) -> None:
    """Make the namespaces and the roles, as they are to be, whatever an earlier start made."""
    api = _admin(world)
    for wanted in (*map(namespace, NAMESPACES), *roles(world)):
        path = _collection(wanted)
        try:
            api.create(path, wanted)
        except ApiError as error:
            if error.status != _CONFLICT:
                raise
            if wanted["kind"] != "Namespace":
                api.request("PUT", f"{path}/{wanted['metadata']['name']}", wanted)


def _collection(wanted: Mapping[str, Any]) -> str:
    """Return the path that objects of this kind and namespace are made at."""
    group, namespace = wanted["apiVersion"], wanted["metadata"].get("namespace")
    base = f"/apis/{group}" if "/" in group else f"/api/{group}"
    return f"{base}{f'/namespaces/{namespace}' if namespace else ''}/{wanted['kind'].lower()}s"


def _await(world: World, what: str, look: Callable[[], object], deadline: Deadline) -> None:
    """Return once a look finds something.

    Raises:
        SandboxError: A server died, or the look found nothing by the deadline.
    """
    while True:
        seen = "nothing yet"
        try:
            if look():
                return
        except ApiError as error:
            seen = str(error)
        dead = [name for name in world.processes().get(NAME, {}) if not world.alive(NAME, process=name)]
        if dead:
            msg = f"{dead[0]} died:\n{world.log_tail(NAME, process=dead[0])}"
            raise SandboxError(msg)
        if deadline.remaining <= _POLL:
            tail = world.log_tail(NAME, process=_APISERVER)
            msg = f"Kubernetes: {what} not ready within {deadline.seconds:g} s ({seen}):\n{tail}"
            raise SandboxError(msg)
        deadline.pause(_POLL, f"{what} of Kubernetes")
