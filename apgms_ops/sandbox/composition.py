"""What the sandbox consists of: its components, each behind those that it needs."""

from collections.abc import Callable
from pathlib import Path

from apgms_ops.sandbox.alertmanager import Alertmanager
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.kafka import Broker
from apgms_ops.sandbox.platform import Platform
from apgms_ops.sandbox.prometheus import Prometheus
from apgms_ops.sandbox.traffic import Traffic


def components() -> tuple[Component, ...]:
    """Return the components of the sandbox."""
    return (Broker(), Traffic(), Alertmanager(), Prometheus())


def platform(root: Path, template: Path, report: Callable[[str], None]) -> Platform:
    """Return the sandbox that is kept in `root`.

    Args:
        root: Its state folder, see `location.root`.
        template: The environment file's template, `sandbox.toml` in the folder of environments.
        report: Takes a line of progress.
    """
    return Platform(root, components(), template, report=report)
