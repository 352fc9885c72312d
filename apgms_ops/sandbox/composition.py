"""What the sandbox consists of: its components, each behind those that it needs."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from apgms_ops.sandbox.alertmanager import Alertmanager
from apgms_ops.sandbox.beside import Beside
from apgms_ops.sandbox.blackbox import Blackbox
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.edge import Edge
from apgms_ops.sandbox.github import Github
from apgms_ops.sandbox.incidents import Incidents
from apgms_ops.sandbox.kafka import Broker
from apgms_ops.sandbox.kafka_snapshots.component import KafkaSnapshots
from apgms_ops.sandbox.kafka_snapshots.drilled import DrilledTopic
from apgms_ops.sandbox.kubernetes.choice import ControlPlane
from apgms_ops.sandbox.node import Node
from apgms_ops.sandbox.objectstore import ObjectStore
from apgms_ops.sandbox.outside import Outside
from apgms_ops.sandbox.pagerduty import Pagerduty
from apgms_ops.sandbox.pgbackrest import Pgbackrest
from apgms_ops.sandbox.platform import Platform
from apgms_ops.sandbox.postgres import Postgres
from apgms_ops.sandbox.prometheus import Prometheus
from apgms_ops.sandbox.rehearsed import RehearsedRestore
from apgms_ops.sandbox.second_rollout import SecondRollout
from apgms_ops.sandbox.services import ApiGateway, Audit, Payments, Registries
from apgms_ops.sandbox.source import PlatformSource
from apgms_ops.sandbox.timestamps import Timestamps
from apgms_ops.sandbox.topics import Topics
from apgms_ops.sandbox.traffic import Traffic
from apgms_ops.sandbox.verified import VerifiedBackups


def components(environ: Mapping[str, str] = os.environ) -> tuple[Component, ...]:
    """Return the components of the sandbox, of which the process's environment variables choose some."""
    return (
        PlatformSource(),
        Github(),
        Pagerduty(),
        Incidents(),
        Broker(environ),
        Topics(),
        Postgres(),
        Outside(),
        ControlPlane(environ),
        Node(),
        Beside(),
        Registries(),
        Audit(),
        Payments(),
        ApiGateway(),
        Edge(),
        Blackbox(),
        Traffic(),
        Alertmanager(),
        Prometheus(),
        SecondRollout(),
        Timestamps(),
        ObjectStore(),
        KafkaSnapshots(),
        DrilledTopic(),
        Pgbackrest(),
        VerifiedBackups(),
        RehearsedRestore(),
    )


def platform(
    root: Path, template: Path, report: Callable[[str], None], environ: Mapping[str, str] = os.environ
) -> Platform:
    """Return the sandbox that is kept in `root`.

    Args:
        root: Its state folder, see `location.root`.
        template: The environment file's template, `sandbox.toml` in the folder of environments.
        report: Takes a line of progress.
        environ: The process's environment variables.
    """
    return Platform(root, components(environ), template, report=report)
