"""What the release run did and left behind, and what that comes to. Pure."""

from dataclasses import dataclass
from datetime import datetime

from apgms_ops.clients.github.facts import Artifact, Conclusion, Job, Progress, WorkflowRun
from apgms_ops.environment.github import Github
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.image_reports import UNKNOWN, Scan, Vulnerability, rank
from apgms_ops.probes.release import Release, short

_MOST = 10
"""Vulnerabilities of one service that are named."""


@dataclass(frozen=True, slots=True)
class ReleaseBuild:
    """The release run, for the release's tag and commit."""

    release: Release
    sha: str
    """The commit that the tag stands for."""
    tagged_at: datetime | None
    """None where the tag does not say."""
    at: datetime
    """The server's clock, when it was looked at."""
    workflow: str
    services: tuple[str, ...]
    """That the environment declares: each has an image."""
    others: tuple[str, ...]
    """The commits of runs for the same tag that were for another commit."""
    run: WorkflowRun | None
    """The newest run for this tag and commit."""
    jobs: tuple[Job, ...]
    """Of every attempt."""
    artifacts: tuple[Artifact, ...]
    unread: dict[str, str]
    """Artifact → why it cannot be read, though it is there and has not expired."""
    digests: dict[str, str]
    """Service → digest of the image that the run built; empty where that could not be read."""
    parts: dict[str, int]
    """Service → components that its bill of materials names."""
    scans: tuple[Scan, ...]

    def digest_of(self, service: str) -> str:
        """Return the digest of the image that the run built.

        Raises:
            Unobserved: The run does not say.
        """
        if service not in self.digests:
            why = "; ".join(self.unread.values()) or "its run left no digest of it that can be read"
            msg = f"which image of {service} belongs to {self.release.tag} is not known: {why}"
            raise Unobserved(msg)
        return self.digests[service]

    def not_built(self, rules: Github) -> Findings:
        """Say what keeps it from having been built by a run of its own that succeeded.

        Raises:
            Unobserved: It may still be built: the settling time is not over.
        """
        run, what = self.run, f"{self.release.tag} ({short(self.sha)})"
        if run is None:
            if self.others:
                shas = ", ".join(short(sha) for sha in self.others)
                return Findings((f"no run of {self.workflow} is for {what}; those for the tag were for {shas}",))
            if self.tagged_at is not None and self.at - self.tagged_at < rules.settling_time:
                passed = _ago(self.at, self.tagged_at)
                msg = f"there is no run of {self.workflow} for {what} yet, {passed} after it was tagged"
                raise Unobserved(msg)
            return Findings((f"there is no run of {self.workflow} for {what}: nothing was built",))
        if run.progress is not Progress.COMPLETED:
            said = f"run {run.id} for {what} is {run.progress}, {_ago(self.at, run.started_at)} after it was started"
            if self.at - run.started_at < rules.settling_time:
                raise Unobserved(said)
            return Findings((said,))
        if run.conclusion is not Conclusion.SUCCESS:
            return Findings((f"run {run.id} for {what} concluded {run.conclusion}: {run.url}",))
        return Findings()

    def jobs_missing(self, rules: Github) -> Findings:
        """Say which required jobs did not run to success, or only when they were run again.

        Raises:
            Unobserved: There is no run, or a job has not ended yet.
        """
        run = self._require_run()
        found: list[str] = []
        open_: list[str] = []
        for name in rules.required_jobs:
            attempts = sorted((job for job in self.jobs if job.name == name), key=lambda job: (job.attempt, job.id))
            if not attempts:
                (found if run.progress is Progress.COMPLETED else open_).append(f"{name} did not run in run {run.id}")
                continue
            last = attempts[-1]
            if last.progress is not Progress.COMPLETED:
                open_.append(f"{name} is {last.progress} in run {run.id}")
            elif last.conclusion is not Conclusion.SUCCESS:
                found.append(f"{name} concluded {last.conclusion} in run {run.id}, which is no success")
            elif not self._accepted_rerun(rules):
                found += (
                    f"{name} concluded {job.conclusion} at attempt {job.attempt} of run {run.id}, and succeeded only "
                    f"when it was run again (attempt {last.attempt})"
                    for job in attempts[:-1]
                    if job.conclusion not in (Conclusion.SUCCESS, None)
                )
        if open_ and not found:
            raise Unobserved("; ".join(open_))
        return Findings(found)

    def artifacts_missing(self, rules: Github) -> Findings:
        """Say which artifacts are not there, have expired, or do not cover every service.

        Raises:
            Unobserved: There is no run, it has not ended, or an artifact cannot be read.
        """
        run = self._require_run()
        names = rules.artifacts
        wanted = {
            names.images: set(self.digests),
            names.sbom: {service for service, parts in self.parts.items() if parts},
            names.scan: {scan.service for scan in self.scans if scan.targets},
        }
        found: list[str] = []
        for name, covered in wanted.items():
            listed = [artifact for artifact in self.artifacts if artifact.name == name]
            if not listed:
                found.append(f"run {run.id} left no artifact {name}")
            elif all(artifact.expired for artifact in listed):
                found.append(f"artifact {name} of run {run.id} has expired")
            elif name not in self.unread and set(self.services) - covered:
                found.append(f"artifact {name} of run {run.id} says nothing of {_names(set(self.services) - covered)}")
        if found and run.progress is not Progress.COMPLETED:
            msg = f"run {run.id} is {run.progress}: what it leaves behind is not there yet"
            raise Unobserved(msg)
        if not found and self.unread:
            raise Unobserved("; ".join(self.unread.values()))
        return Findings(found)

    def vulnerable(self, rules: Github) -> Findings:
        """Say what the scanner found that is worse than the environment accepts, and where it looked elsewhere.

        Raises:
            Unobserved: A service was not scanned, or a finding is of a severity that the scanner does not know.
        """
        run = self._require_run()
        scans = {scan.service: scan for scan in self.scans}
        found: list[str] = []
        open_: list[str] = []
        for service in self.services:
            scan = scans.get(service)
            if scan is None or not scan.targets:
                open_.append(self.unread.get(rules.artifacts.scan, f"no scan of {service} in run {run.id} can be read"))
                continue
            digest = self.digests.get(service)
            if digest is not None and scan.digests and digest not in scan.digests:
                found.append(f"what was scanned as {service} is another image than the one that was built")
            bad, unknown = _worse(scan, rules, self.at)
            found += (f"{service}: {one.id} in {one.package} is {one.severity}" for one in bad[:_MOST])
            if len(bad) > _MOST:
                found.append(f"{service}: {len(bad) - _MOST} more like these")
            if digest is None or not scan.digests:
                open_.append(f"which image was scanned as {service} is not known")
            open_ += (f"{service}: nobody knows how bad {one.id} in {one.package} is" for one in unknown[:_MOST])
        if open_ and not found:
            raise Unobserved("; ".join(dict.fromkeys(open_)))
        return Findings(found)

    def _accepted_rerun(self, rules: Github) -> bool:
        return any(one.name == self.release.tag and one.in_force(self.at) for one in rules.accepted_reruns)

    def _require_run(self) -> WorkflowRun:
        if self.run is None:
            msg = f"there is no run of {self.workflow} for {self.release.tag} ({short(self.sha)})"
            raise Unobserved(msg)
        return self.run


def _worse(scan: Scan, rules: Github, at: datetime) -> tuple[list[Vulnerability], list[Vulnerability]]:
    """Return what is worse than accepted, and what nobody knows the severity of."""
    accepted = {one.name for one in rules.accepted_vulnerabilities if one.in_force(at)}
    left = [one for one in dict.fromkeys(scan.found) if one.id not in accepted]
    limit = rank(rules.highest_accepted_severity)
    worse = [one for one in left if one.severity != UNKNOWN and rank(one.severity) > limit]
    worse.sort(key=lambda one: -rank(one.severity))
    return worse, [one for one in left if one.severity == UNKNOWN]


def _names(services: set[str]) -> str:
    return ", ".join(sorted(services))


def _ago(now: datetime, then: datetime) -> str:
    seconds = max(0, round((now - then).total_seconds()))
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"  # noqa: PLR2004 — two minutes
