"""Runbook, Incident Response, steps 2 and 5: what was resolved, and what was written down about it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from apgms_ops.clients.pagerduty.facts import Incident, IncidentStatus
from apgms_ops.compliance import timeline_files, timelines
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment, IncidentRules
from apgms_ops.errors import Unobserved
from apgms_ops.evidence.site import Site
from apgms_ops.observation import Recorder
from apgms_ops.probes.incident_facts import Filed, Incidents, Resolved
from apgms_ops.probes.paged_services import declared_oncall
from apgms_ops.probes.probe import probe
from apgms_ops.redact import printable

if TYPE_CHECKING:
    from apgms_ops.clients.pagerduty import PagerdutyClient


@probe(deadline=60.0)
def incidents(
    pagerduty: "PagerdutyClient", environment: Environment, site: Site, recorder: Recorder, deadline: Deadline
) -> Incidents:
    """Every incident of the platform that was resolved within the time looked back, and every timeline file."""
    declared = declared_oncall(environment)
    rules = declared.incidents
    at = datetime.now(UTC).replace(microsecond=0)
    since = at - rules.looked_back.value
    services = {service.id: name for name, service in declared.services.items()}
    # Of a service that is not there PagerDuty would say that it had no incident; and each says whose account it is.
    for id_ in services:
        pagerduty.service(id_, deadline)
    # PagerDuty filters by when an incident was made: one that was open for long may have been made before.
    found = pagerduty.incidents(deadline, statuses=[IncidentStatus.RESOLVED], services=sorted(services))
    folder = folder_of(rules, site)
    return Incidents(
        at=at,
        since=since,
        folder=rules.folder,
        resolved=tuple(sorted(_resolved(found, services, since), key=lambda one: one.resolved_at)),
        files=tuple(_files(folder, recorder)),
    )


def folder_of(rules: IncidentRules, site: Site) -> Path:
    """Return the folder of the timeline files, which need not exist.

    Raises:
        Unobserved: It is relative, and the run has no folder of environment files that it could be relative to.
    """
    folder = Path(rules.folder)
    if folder.is_absolute():
        return folder
    if not site.environments:
        msg = f"oncall.incidents.folder is {rules.folder}, and this run has no folder of environment files"
        raise Unobserved(msg)
    return site.environments[0] / folder


def _resolved(found: tuple[Incident, ...], services: dict[str, str], since: datetime) -> Iterator[Resolved]:
    for one in found:
        if one.resolved_at is None:
            msg = f"PagerDuty does not say when incident {one.number} was resolved"
            raise Unobserved(msg)
        if one.resolved_at >= since:
            title = printable(one.title, limit=200)
            yield Resolved(one.id, one.number, title, services[one.service], one.resolved_at)


def _files(folder: Path, recorder: Recorder) -> Iterator[Filed]:
    for path in timeline_files.paths(folder):  # where there is no folder, every incident lacks its file
        text = timeline_files.text(path)
        found = timelines.read(path.name, text)
        if not found.problems:  # one that may hold personal data stays where it is
            recorder.raw(path.name, text, "text/markdown")
        yield _filed(found)


def _filed(found: timelines.Timeline) -> Filed:
    times = found.times
    return Filed(
        name=found.name,
        incident=found.incident,
        resolved=times.get(timelines.RESOLVED),
        breach=found.breach,
        notified=times.get(timelines.NOTIFIED),
        scheduled=times.get(timelines.SCHEDULED),
        held=times.get(timelines.HELD),
        reviewed=len(found.review),
        problems=found.problems,
    )
