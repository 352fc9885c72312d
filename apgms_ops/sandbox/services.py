"""The components of the platform's own services: one process a replica, each with its address and its switches."""

import importlib.util
import json
from typing import ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import gateway_secrets, holds, replicas, rollouts, workloads
from apgms_ops.sandbox.asking import ask
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.kubernetes import objects
from apgms_ops.sandbox.service_process.settings import Settings
from apgms_ops.sandbox.world import World

CREDENTIALS: Final = gateway_secrets.CREDENTIALS
_MODULES: Final = ("confluent_kafka", "prometheus_client", "psycopg", "jwt", "cryptography")
_POLL: Final = 0.05
_NEEDS: Final = ("kubernetes", "node", "kafka-topics", "postgres", "outside")
_PUT_OFF: Final = "CrashLoopBackOff"
"""What a container waits for that has ended too often: minutes, in the end."""


class ServiceComponent(Component):
    """A service of some replicas, `<name>-1` and so on; their ports are `<name>.1` and `<name>.1.control`."""

    lost_with: ClassVar[tuple[str, ...]] = ("kubernetes",)
    replicas: ClassVar[int] = 1
    asks: ClassVar[tuple[str, ...]] = ()
    """Ports of what it asks: `registries.1` is known to it as `registries`, `outside.abr` as `abr`."""
    uses_database: ClassVar[bool] = True
    uses_kafka: ClassVar[bool] = True

    def install(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — a pip extra is the operator's to install
        """Check that the libraries of the extra `sandbox` are there.

        Raises:
            SandboxError: One is missing.
        """
        for module in _MODULES:
            if importlib.util.find_spec(module) is None:
                msg = f"Python module {module} is missing; install it with `pip install 'apgms-ops[sandbox]'`"
                raise SandboxError(msg)

    def start(self, world: World, deadline: Deadline) -> None:
        """Say where each replica is and what it is told, and let the cluster run it.

        What is held down is let go, and pods that have had their troubles are replaced. In a world without a cluster,
        that of a test, the replicas that do not run are started here.
        """
        for number in range(1, self.replicas + 1):
            self._offer(world, number)
        if not workloads.clustered(world):
            for number in range(1, self.replicas + 1):
                if not world.alive(self.name, process=f"{self.name}-{number}"):
                    self.launch(world, number)
            return
        troubled = workloads.unsound(world, self.name)
        holds.release(world, [f"{self.name}-{number}" for number in range(1, self.replicas + 1)])
        workloads.apply(world, objects.service(self.name, objects.PLATFORM, {"http": objects.PORT}))
        workloads.apply(world, objects.deployment(self.name, rollouts.current(world, self.name), self.replicas))
        workloads.replace(world, self.name, troubled, deadline)

    def stop(self, world: World, deadline: Deadline) -> None:
        """Stop its processes, and hold them down until it is started again."""
        if workloads.clustered(world):
            holds.stop(world, self.name, deadline)
        else:
            world.stop(self.name, deadline)

    def renew(self, world: World, deadline: Deadline) -> None:
        """Let the cluster replace every replica; the new ones are told what their places say now.

        Raises:
            SandboxError: They are not ready by the deadline.
        """
        workloads.replace(world, self.name, {pod.uid for pod in workloads.pods(world, self.name)}, deadline)
        self.ready(world, deadline)

    def recover(self, world: World, deadline: Deadline) -> None:
        """Return once every replica is ready: what it needs is back. One whose next start is put off is replaced.

        Raises:
            SandboxError: They are not ready by the deadline.
        """
        if workloads.clustered(world):
            put_off = {pod.uid for pod in workloads.pods(world, self.name) if pod.waiting == _PUT_OFF}
            workloads.replace(world, self.name, put_off, deadline)
        self.ready(world, deadline)

    def launch(self, world: World, number: int) -> None:
        """Start one replica where there is no cluster."""
        replicas.start(world, self.name, self._offer(world, number))

    def settings(self, world: World, *, service: str, instance: str, place: str, publish: str) -> Settings:
        """Return what a process is told, and publish where it is.

        Args:
            world: Where.
            service: What it is to be.
            instance: The name of the process.
            place: The name of its port.
            publish: The key that its address and its control port are published under.
        """
        settings = Settings(
            service=service,
            instance=instance,
            port=world.port(place),
            control_port=world.port(f"{place}.control"),
            bootstrap=world.get("kafka.bootstrap") if self.uses_kafka else "",
            dsn_file=world.get("postgres.owner_dsn_file") if self.uses_database else "",
            urls={_asked_as(name): f"http://127.0.0.1:{world.port(name)}" for name in self.asks},
            files=self.files(world),
            version=world.get("release.tag"),
            git_sha=world.get("release.sha"),
            built_at=world.get("release.built_at"),
        )
        world.set(f"{publish}.url", f"http://127.0.0.1:{settings.port}")
        world.set(f"{publish}.control", f"127.0.0.1:{settings.control_port}")
        return settings

    def _offer(self, world: World, number: int) -> Settings:
        place, instance = f"{self.name}.{number}", f"{self.name}-{number}"
        settings = self.settings(world, service=self.name, instance=instance, place=place, publish=place)
        replicas.offer(world, self.name, number, settings)
        return settings

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once every replica is rolled out and ready, and each member of a group has partitions."""
        if workloads.clustered(world):
            workloads.await_rolled_out(world, self.name, deadline)
        for number in range(1, self.replicas + 1):
            await_ready(world, self.name, f"{self.name}-{number}", f"{self.name}.{number}", deadline)

    def files(self, world: World) -> dict[str, str]:  # noqa: ARG002 — some need it
        """Return the private files that the service reads."""
        return {}


class Registries(ServiceComponent):
    """Looks up business numbers, and reads what changed of them."""

    name = "registries"
    needs = _NEEDS
    asks = ("outside.abr",)
    uses_database = False


class Audit(ServiceComponent):
    """Writes the audit log."""

    name = "audit"
    needs = _NEEDS


class Payments(ServiceComponent):
    """Keeps the ledger, pays, and reconciles with the bank."""

    name = "payments"
    needs = _NEEDS
    asks = ("outside.bank",)

    def files(self, world: World) -> dict[str, str]:
        """Return how the replica is read, which is done where something is wrong on purpose."""
        return {"replica_dsn": world.get("postgres.replica_dsn_file")}


class ApiGateway(ServiceComponent):
    """Two replicas of the gateway, which share the key that signs tokens."""

    name = "api-gateway"
    needs = ("registries", "audit", "payments")
    replicas = 2
    asks = ("registries.1", "audit.1", "payments.1")
    uses_database = False

    def start(self, world: World, deadline: Deadline) -> None:
        """Make key and users where there are none yet, and start the replicas."""
        gateway_secrets.make(world, world.folder(self.name))
        super().start(world, deadline)

    def files(self, world: World) -> dict[str, str]:
        """Return the key that signs tokens, and the users."""
        folder = world.folder(self.name)
        return {"signing_key": str(folder / "signing-key.pem"), "users": str(folder / "users.json")}


def _asked_as(port: str) -> str:
    return port.removeprefix("outside.").partition(".")[0]


def await_ready(world: World, component: str, process: str, place: str, deadline: Deadline) -> None:
    """Return once a replica is ready, and every member of a group that it has has its partitions.

    Args:
        world: Whose.
        component: Its component.
        process: Its process.
        place: The name of its port.
        deadline: For the whole wait.

    Raises:
        SandboxError: It died, or is not ready by the deadline; the text ends with the tail of its log.
    """
    port, control = world.port(place), world.port(f"{place}.control")
    while not (ask(port, "/health/ready", deadline) is not None and _settled(control, deadline)):
        if not world.alive(component, process=process):
            msg = f"{process} died:\n{world.log_tail(component, process=process)}"
            raise SandboxError(msg)
        if deadline.remaining <= _POLL:
            why = world.log_tail(component, process=process)
            msg = f"{process} is not ready within {deadline.seconds:g} s:\n{why}"
            raise SandboxError(msg)
        deadline.pause(_POLL, f"{process} to be ready")


def _settled(control: int, deadline: Deadline) -> bool:
    text = ask(control, "/status", deadline)
    return text is not None and json.loads(text)["settled"] is True
