"""What the faults of the services' processes are made with: who is scraped, and how a service comes back."""

from collections.abc import Mapping
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults.kafka_tools import another_past, wait
from apgms_ops.sandbox.prometheus import NAME, query
from apgms_ops.sandbox.services import ApiGateway, Audit, Payments, Registries, ServiceComponent
from apgms_ops.sandbox.world import World

SERVICES: Final[Mapping[str, type[ServiceComponent]]] = {
    service.name: service for service in (ApiGateway, Registries, Audit, Payments)
}

_SECOND: Final = 1.2


def wait_scraped(world: World, service: str, replicas: int, deadline: Deadline) -> None:
    """Wait until Prometheus scrapes so many replicas of a service, no more and no fewer."""
    expression = f'sum(up{{job="{service}"}}) == bool {replicas}'
    wait(
        lambda: query(world.port(NAME), expression, deadline) == 1.0,
        deadline,
        f"{replicas} replicas of {service} being scraped",
    )
    # Whoever asks is answered as of the server's last whole second.
    deadline.pause(_SECOND, "a second to be over")


def revive(world: World, service: str, deadline: Deadline) -> None:
    """Start what has died of a service, wait until all of it is ready and scraped, and forget what failed meanwhile."""
    component = SERVICES[service]()
    component.start(world, deadline)
    component.ready(world, deadline)
    another_past(world, deadline)
    wait_scraped(world, service, component.replicas, deadline)
