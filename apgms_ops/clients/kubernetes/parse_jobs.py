"""Jobs, made facts. Pure."""

from apgms_ops.clients.http.shape import mapping, text_field
from apgms_ops.clients.kubernetes.jobs import CronJob, Job
from apgms_ops.clients.kubernetes.parse import Meta, count, images, items, part, time, truth, whole, words


def job(item: object, source: str) -> Job:
    """Return a Job."""
    of = Meta(item, source)
    owner = of.owner
    return Job(
        name=of.name,
        namespace=of.namespace,
        uid=of.uid,
        created_at=of.created_at,
        suspended=truth(of.spec, "suspend", of.where),
        completions=None if of.spec.get("completions") is None else whole(of.spec, "completions", of.where),
        active=count(of.status, "active", of.where),
        succeeded=count(of.status, "succeeded", of.where),
        failed=count(of.status, "failed", of.where),
        started_at=time(of.status, "startTime", of.where),
        completed_at=time(of.status, "completionTime", of.where),
        owner_kind=owner[0] if owner is not None else None,
        owner_name=owner[1] if owner is not None else None,
        images=images(of.spec, of.where),
        conditions=of.conditions,
    )


def cron_job(item: object, source: str) -> CronJob:
    """Return a CronJob."""
    of = Meta(item, source)
    template = mapping(part(of.spec, "jobTemplate", of.where).get("spec"), f"{of.where}: spec.jobTemplate.spec")
    return CronJob(
        name=of.name,
        namespace=of.namespace,
        uid=of.uid,
        created_at=of.created_at,
        schedule=text_field(of.spec, "schedule", of.where),
        time_zone=words(of.spec, "timeZone", of.where) or None,
        suspended=truth(of.spec, "suspend", of.where),
        active=len(items(of.status, "active", of.where)),
        last_scheduled_at=time(of.status, "lastScheduleTime", of.where),
        last_succeeded_at=time(of.status, "lastSuccessfulTime", of.where),
        images=images(template, of.where),
    )
