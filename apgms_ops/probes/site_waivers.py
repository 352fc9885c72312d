"""Compliance, step 4: the waivers of the site, each of which is to be in force, or gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from apgms_ops.compliance.waivers import Waiver, load_waivers
from apgms_ops.compliance.written import Written, written
from apgms_ops.environment import loading
from apgms_ops.environment.model import Environment
from apgms_ops.errors import Unobserved
from apgms_ops.evidence.site import Site
from apgms_ops.observation import Findings
from apgms_ops.probes.probe import probe


@dataclass(frozen=True, slots=True)
class ListedWaiver:
    """A waiver as it stands in the file."""

    check: str
    """The node id that it names."""
    environments: tuple[str, ...]
    owner: str
    link: str
    issued: datetime
    expires: datetime
    here: bool
    """Whether this environment is among those it names."""
    astray: str
    """Why the check that it names is none that a run judges; empty where it is one."""
    nowhere: tuple[str, ...]
    """The environments that it names and that there are not."""


@dataclass(frozen=True, slots=True)
class SiteWaivers:
    """Every waiver of the site."""

    at: datetime
    """When they were read."""
    waivers: tuple[ListedWaiver, ...]

    def expired(self) -> Findings:
        """Say which of this environment are over, and still listed."""
        return Findings(
            f"the waiver of {one.check} (owner {one.owner}) expired at {one.expires.isoformat()}: remove or renew it"
            for one in self.waivers
            if one.here and self.at >= one.expires
        )

    def astray(self) -> Findings:
        """Say which of this environment name a check that no run judges: they excuse nothing."""
        return Findings(
            f"the waiver of {one.check} (owner {one.owner}) excuses nothing: {one.astray}"
            for one in self.waivers
            if one.here and one.astray
        )

    def nowhere(self) -> Findings:
        """Say which name an environment that there is not: whoever wrote it thinks that it excuses something there."""
        return Findings(
            f"the waiver of {one.check} (owner {one.owner}) is for {name}, and there is no such environment"
            for one in self.waivers
            for name in one.nowhere
        )


@probe(deadline=20.0)
def waivers_in_force(environment: Environment, site: Site) -> SiteWaivers:
    """Every waiver in the folders of environment files, and whether there is what it names."""
    if site.root is None or not site.environments:
        msg = "this run has no folder of environment files in which waivers could be"
        raise Unobserved(msg)
    there = written(site.root)
    folders = [folder for folder in site.environments if folder.is_dir()]
    known = {environment.name, *(name for folder in folders for name in loading.known(folder))}
    return SiteWaivers(
        datetime.now(UTC),
        tuple(
            _listed(waiver, environment, known, _astray(waiver.check, there, site.planned, environment))
            for folder in folders
            for waiver in load_waivers(folder).waivers
        ),
    )


def _listed(waiver: Waiver, environment: Environment, known: set[str], astray: str) -> ListedWaiver:
    return ListedWaiver(
        check=waiver.check,
        environments=waiver.environments,
        owner=waiver.owner,
        link=waiver.link,
        issued=waiver.issued,
        expires=waiver.expires,
        here=environment.name in waiver.environments,
        astray=astray,
        nowhere=tuple(name for name in waiver.environments if name not in known),
    )


def _astray(
    check: str, there: Mapping[str, Written], planned: Mapping[str, str | None], environment: Environment
) -> str:
    """Return why a check of that id is none; empty where it is one, or may be: a run of some checks knows no others."""
    if check in planned:
        return ""
    function, bracket, parameters = check.partition("[")
    if function in planned:
        return f"{function} has no parameters"
    if function not in there:
        made = any(name.partition("[")[0] == function for name in planned)
        return "" if made and bracket else "there is no such check"
    if not there[function].by_service:
        return ""
    services = tuple(there[function].services(environment))
    if not bracket:
        return f"it is judged once a service; say of which: {', '.join(f'[{name}]' for name in services)}"
    fits = any(name in parameters for name in services)
    return "" if fits else f"it is judged for {', '.join(services) or 'no service'} alone"
