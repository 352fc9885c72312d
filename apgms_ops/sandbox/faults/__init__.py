"""Ways to break the sandbox on purpose, each reversible, each naming the checks that must notice."""

from collections.abc import Mapping, Sequence

from apgms_ops.sandbox.faults import (
    audit_events,
    audit_rows,
    backups_access,
    backups_archive,
    backups_bucket,
    backups_drills,
    backups_history,
    compliance_controls,
    compliance_waivers,
    deployment_comparison,
    deployment_images,
    deployment_rollouts,
    deployment_stability,
    gateway_metrics,
    github_checks,
    github_index,
    github_runs,
    github_server,
    github_tags,
    incidents,
    kafka_broker,
    kafka_groups,
    kafka_lag,
    kafka_members,
    kafka_offsets,
    kafka_snapshots_manifests,
    kafka_snapshots_objects,
    kafka_snapshots_schedule,
    kafka_topics,
    kubernetes_server,
    objectstore_bucket,
    objectstore_runs,
    objectstore_server,
    pagerduty_rota,
    pagerduty_server,
    pagerduty_services,
    payments_books,
    payments_reconciliation,
    payments_service,
    postgres_migrations,
    postgres_server,
    prometheus_server,
    prometheus_stores,
    registries_answers,
    services_gateway,
    services_registries,
    smoke_access,
    smoke_answers,
    smoke_door,
    smoke_money,
)
from apgms_ops.sandbox.faults.fault import Fault

__all__ = ["FAULTS", "Fault", "by_id"]


def _component(fault: type[Fault]) -> str:
    return fault.component


FAULTS: tuple[type[Fault], ...] = tuple(
    sorted(
        (
            *audit_events.FAULTS,
            *audit_rows.FAULTS,
            *backups_access.FAULTS,
            *backups_archive.FAULTS,
            *backups_bucket.FAULTS,
            *backups_drills.FAULTS,
            *backups_history.FAULTS,
            *compliance_controls.FAULTS,
            *compliance_waivers.FAULTS,
            *deployment_comparison.FAULTS,
            *deployment_images.FAULTS,
            *deployment_rollouts.FAULTS,
            *deployment_stability.FAULTS,
            *gateway_metrics.FAULTS,
            *github_checks.FAULTS,
            *github_index.FAULTS,
            *github_runs.FAULTS,
            *github_server.FAULTS,
            *github_tags.FAULTS,
            *incidents.FAULTS,
            *kafka_groups.FAULTS,
            *kafka_members.FAULTS,
            *kafka_lag.FAULTS,
            *kafka_offsets.FAULTS,
            *kafka_topics.FAULTS,
            *kafka_broker.FAULTS,
            *kafka_snapshots_manifests.FAULTS,
            *kafka_snapshots_objects.FAULTS,
            *kafka_snapshots_schedule.FAULTS,
            *kubernetes_server.FAULTS,
            *objectstore_bucket.FAULTS,
            *objectstore_runs.FAULTS,
            *objectstore_server.FAULTS,
            *pagerduty_rota.FAULTS,
            *pagerduty_server.FAULTS,
            *pagerduty_services.FAULTS,
            *payments_books.FAULTS,
            *payments_reconciliation.FAULTS,
            *payments_service.FAULTS,
            *postgres_migrations.FAULTS,
            *postgres_server.FAULTS,
            *prometheus_server.FAULTS,
            *prometheus_stores.FAULTS,
            *registries_answers.FAULTS,
            *services_gateway.FAULTS,
            *services_registries.FAULTS,
            *smoke_access.FAULTS,
            *smoke_answers.FAULTS,
            *smoke_door.FAULTS,
            *smoke_money.FAULTS,
        ),
        key=_component,
    )
)
"""Every fault, those of one component together."""


def by_id(faults: Sequence[type[Fault]] = FAULTS) -> Mapping[str, Fault]:
    """Return the faults by the id that is typed after `sandbox break`."""
    return {fault.id: fault() for fault in faults}
