"""What a release's tag, run and reports come to, by example."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apgms_ops.clients.github.facts import (
    Ancestry,
    Artifact,
    CheckRun,
    Conclusion,
    Job,
    Member,
    Progress,
    Ref,
    TagKind,
    TagObject,
    WorkflowRun,
)
from apgms_ops.environment.github import Github
from apgms_ops.environment.kafka import Accepted
from apgms_ops.errors import BadAnswer, Unobserved
from apgms_ops.probes import image_reports
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.probes.image_reports import Scan, Vulnerability
from apgms_ops.probes.junit import results
from apgms_ops.probes.release import Release
from apgms_ops.probes.release_build import release_build
from apgms_ops.probes.release_build_facts import ReleaseBuild
from apgms_ops.probes.release_commit import ReleaseCommit, release_commit
from apgms_ops.probes.release_tag import ReleaseTag, TagRun, release_tag
from apgms_ops.secret import SecretReference

SHA, OTHER = "a" * 40, "b" * 40
NOW = datetime(2026, 11, 25, 22, 0, tzinfo=UTC)
DIGEST = f"sha256:{'c' * 64}"
RULES = Github(
    owner="acme",
    repository="platform",
    token=SecretReference.parse("env:TOKEN"),
    required_checks=("lint", "test"),
    required_jobs=("images", "scan"),
)


def tag(name: str = "v1.4.2", sha: str | None = None, **values: Any) -> ReleaseTag:  # noqa: ANN401 — any field
    """Return a tag as it should be."""
    annotation = TagObject(OTHER, name, "commit", SHA, "Robin", NOW, "", verified=None)
    good = ReleaseTag(
        release=Release(name, sha, "--release"),
        branch="main",
        ref=Ref(f"refs/tags/{name}", TagKind.ANNOTATED, OTHER),
        annotation=annotation,
        ancestry=Ancestry.AHEAD,
        runs=(TagRun(1, SHA, NOW),),
        runs_unread=None,
    )
    return replace(good, **values)


def run(**values: Any) -> WorkflowRun:  # noqa: ANN401 — any field
    """Return a run that succeeded."""
    path = ".github/workflows/release.yaml"
    began = NOW - timedelta(hours=2)
    good = WorkflowRun(
        1, path, "push", Progress.COMPLETED, Conclusion.SUCCESS, SHA, "v1.4.2", 1, began, began, "https://x"
    )
    return replace(good, **values)


def job(name: str, conclusion: Conclusion | None = Conclusion.SUCCESS, attempt: int = 1, number: int = 1) -> Job:
    """Return a job; one without a conclusion has not ended."""
    progress = Progress.IN_PROGRESS if conclusion is None else Progress.COMPLETED
    return Job(number, name, attempt, SHA, progress, conclusion, NOW, NOW)


def artifact(name: str, *, expired: bool = False) -> Artifact:
    """Return an artifact."""
    return Artifact(1, name, 10, expired, NOW, NOW)


def build(**values: Any) -> ReleaseBuild:  # noqa: ANN401 — any field
    """Return the run of a release as it should be."""
    good = ReleaseBuild(
        release=Release("v1.4.2", None, "--release"),
        sha=SHA,
        tagged_at=NOW - timedelta(hours=3),
        at=NOW,
        workflow="release.yaml",
        services=("audit",),
        others=(),
        run=run(),
        jobs=(job("images"), job("scan")),
        artifacts=(artifact("image-digests"), artifact("sbom"), artifact("scan")),
        unread={},
        digests={"audit": DIGEST},
        parts={"audit": 3},
        scans=(Scan("audit", (DIGEST,), 1, ()),),
    )
    return replace(good, **values)


def commit(*checks: CheckRun, **values: Any) -> ReleaseCommit:  # noqa: ANN401 — any field
    """Return what ran on a commit."""
    good = ReleaseCommit(
        Release("v1.4.2", None, "--release"), SHA, ("lint",), checks, (), "ci.yaml", run(), "junit", None, None
    )
    return replace(good, **values)


def check(conclusion: Conclusion | None = Conclusion.SUCCESS, name: str = "lint") -> CheckRun:
    """Return a check run; one without a conclusion has not ended."""
    progress = Progress.QUEUED if conclusion is None else Progress.COMPLETED
    return CheckRun(1, name, SHA, progress, conclusion, NOW, NOW)


def test_a_tag_that_is_no_version_is_a_finding() -> None:
    """A tag v1.2 misses `v*.*.*`: it is of another form, and no run is for it (the catalogue's P2.5)."""
    assert tag("v1.2").ill_made() == ("v1.2 is not of the form vMAJOR.MINOR.PATCH",)
    nothing = build(release=Release("v1.2", None, "--release"), run=None, jobs=(), artifacts=())
    assert nothing.not_built(RULES) == (f"there is no run of release.yaml for v1.2 ({SHA[:12]}): nothing was built",)


@pytest.mark.parametrize("name", ["v01.2.3", "v1.2.3.4", "1.2.3", "v1.2.3-rc1", "v1.2.٣"])
def test_only_plain_versions_are_releases(name: str) -> None:
    """Leading zeros, more parts, suffixes and other digits are no release."""
    assert tag(name).ill_made()


def test_a_tag_of_a_tag_is_a_finding() -> None:
    """An annotation of another name, or of something that is no commit, is not the release's."""
    odd = TagObject(OTHER, "v1.4.1", "tree", SHA, "Robin", NOW, "", verified=None)
    assert len(tag(annotation=odd).ill_made()) == 2
    with pytest.raises(Unobserved, match=r"no tag v1\.4\.2 on the remote that stands for a commit"):
        tag(annotation=odd).off_branch()


def test_what_runs_may_be_of_another_commit_than_the_tag() -> None:
    """Where what runs names another commit than the tag stands for, the tag was moved, or is another's."""
    assert "what runs says it was built from" in str(tag(sha=OTHER).moved()[0])
    assert not tag(sha=SHA).moved()


def test_a_run_that_cannot_be_read_is_no_proof() -> None:
    """A tag whose runs are hidden was neither moved nor left in place."""
    with pytest.raises(Unobserved, match="hidden"):
        tag(runs=(), runs_unread="hidden").moved()


def test_a_run_may_still_come() -> None:
    """A moment after the tag was made no run is unknown, and later a finding."""
    soon = build(run=None, tagged_at=NOW - timedelta(minutes=1))
    with pytest.raises(Unobserved, match="60 s after it was tagged"):
        soon.not_built(RULES)
    assert build(run=None).not_built(RULES)


def test_a_run_that_takes_too_long_is_a_finding() -> None:
    """Within the settling time a run that has not ended is unknown, then a finding."""
    going = run(progress=Progress.IN_PROGRESS, conclusion=None)
    assert build(run=going).not_built(RULES)
    with pytest.raises(Unobserved):
        build(run=replace(going, started_at=NOW - timedelta(minutes=5))).not_built(RULES)


@pytest.mark.parametrize("conclusion", [one for one in Conclusion if one is not Conclusion.SUCCESS])
def test_only_success_is_success(conclusion: Conclusion) -> None:
    """No other conclusion of a run, a job or a check counts as one."""
    assert build(run=run(conclusion=conclusion)).not_built(RULES)
    assert build(jobs=(job("images", conclusion), job("scan"))).jobs_missing(RULES)
    assert commit(check(conclusion)).not_green()


def test_of_several_checks_of_one_name_each_must_succeed() -> None:
    """A green check beside a red one of the same name does not cover it; one that runs still leaves it open."""
    assert commit(check(), check(Conclusion.FAILURE)).not_green()
    with pytest.raises(Unobserved, match="lint is queued"):
        commit(check(), check(None)).not_green()


def test_a_green_rerun_is_accepted_by_name_for_a_while() -> None:
    """A first attempt that failed is a finding, unless the release is accepted and the acceptance holds."""
    jobs = (job("images", Conclusion.FAILURE), job("images", attempt=2, number=2), job("scan", attempt=2))
    assert "succeeded only when it was run again (attempt 2)" in build(jobs=jobs).jobs_missing(RULES)[0]
    accepted = Accepted(name="v1.4.2", reason="INC-1", expires=NOW + timedelta(days=1))
    assert not build(jobs=jobs).jobs_missing(RULES.model_copy(update={"accepted_reruns": (accepted,)}))
    over = Accepted(name="v1.4.2", reason="INC-1", expires=NOW)
    assert build(jobs=jobs).jobs_missing(RULES.model_copy(update={"accepted_reruns": (over,)}))


def test_an_artifact_must_speak_of_every_service() -> None:
    """A service without a digest, components or a scan is missing, though the artifact is there."""
    assert not build().artifacts_missing(RULES)
    assert build(services=("audit", "payments")).artifacts_missing(RULES)
    assert build(parts={"audit": 0}).artifacts_missing(RULES)


def test_a_scan_of_another_image_is_no_scan() -> None:
    """What was scanned must be what was built, by digest."""
    other = Scan("audit", (f"sha256:{'d' * 64}",), 1, ())
    assert "another image" in build(scans=(other,)).vulnerable(RULES)[0]
    with pytest.raises(Unobserved, match="which image was scanned"):
        build(scans=(Scan("audit", (), 1, ()),)).vulnerable(RULES)


@pytest.mark.parametrize(("severity", "bad"), [("LOW", False), ("MEDIUM", False), ("HIGH", True), ("CRITICAL", True)])
def test_worse_than_accepted_is_a_finding(severity: str, *, bad: bool) -> None:
    """A severity above the accepted one is a finding, unless its id is accepted."""
    scan = Scan("audit", (DIGEST,), 1, (Vulnerability("CVE-1", "openssl", severity),))
    assert bool(build(scans=(scan,)).vulnerable(RULES)) is bad
    accepted = Accepted(name="CVE-1", reason="RISK-1", expires=NOW + timedelta(days=1))
    assert not build(scans=(scan,)).vulnerable(RULES.model_copy(update={"accepted_vulnerabilities": (accepted,)}))


def test_an_unknown_severity_is_not_harmless() -> None:
    """What the scanner cannot rate leaves the check open."""
    scan = Scan("audit", (DIGEST,), 1, (Vulnerability("CVE-1", "openssl", "UNKNOWN"),))
    with pytest.raises(Unobserved, match="nobody knows how bad CVE-1 in openssl is"):
        build(scans=(scan,)).vulnerable(RULES)


def test_a_digest_that_is_not_known_is_not_guessed() -> None:
    """Whoever asks for the image of a service that the run does not name gets no answer."""
    assert build().digest_of("audit") == DIGEST
    with pytest.raises(Unobserved, match="which image of payments"):
        build().digest_of("payments")


@pytest.mark.parametrize(
    ("xml", "ran", "skipped", "failed"),
    [
        ("<testsuites/>", 0, 0, 0),
        ("<testsuite><testcase name='a'/><testcase name='b'><skipped/></testcase></testsuite>", 1, 1, 0),
        ("<testsuite failures='1'><testcase name='a'><failure/></testcase></testsuite>", 1, 0, 1),
        ("<testsuite><testcase name='a'><error/><skipped/></testcase></testsuite>", 1, 0, 1),
        ("<testsuite errors='1'><testcase name='a'/></testsuite>", 1, 0, 1),
        ("<testsuites><testsuite errors='1'><testsuite errors='1'/></testsuite></testsuites>", 0, 0, 1),
    ],
)
def test_results_are_counted_by_what_is_listed(xml: str, ran: int, skipped: int, failed: int) -> None:
    """Cases are counted, not believed; a suite that declares more failures than it lists is believed in that."""
    found = results([Member("junit.xml", xml.encode())])
    assert (found.ran, found.skipped, found.failed) == (ran, skipped, failed)


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "<html/>",
        "<testsuite>",
        '<!DOCTYPE x [<!ENTITY a "aaaa">]><testsuite>&a;</testsuite>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuite>&a;</testsuite>',
    ],
)
def test_what_are_no_results_is_refused(xml: str) -> None:
    """Nothing, another document, half of one, and one with entities are errors of ours."""
    with pytest.raises(BadAnswer):
        results([Member("junit.xml", xml.encode())])
    with pytest.raises(BadAnswer):
        results([Member("junit.txt", xml.encode())])


@pytest.mark.parametrize("text", ["", "[]", '{"audit": "latest"}', '{"audit": 1}', "[" * 100_000])
def test_digests_are_digests(text: str) -> None:
    """What names images otherwise than by digest is refused."""
    with pytest.raises(BadAnswer):
        image_reports.digests([Member("image-digests.json", text.encode())])
    with pytest.raises(BadAnswer):
        image_reports.digests([])


@pytest.mark.parametrize("text", ['{"SchemaVersion": 1}', '{"SchemaVersion": 2, "Results": {}}', "null"])
def test_another_report_is_refused(text: str) -> None:
    """A report that is not Trivy's is not taken for one without findings."""
    with pytest.raises(BadAnswer):
        image_reports.scans([Member("audit.json", text.encode())])


def test_a_scan_of_nothing_is_open() -> None:
    """A report without results looked through nothing."""
    (scan,) = image_reports.scans([Member("audit.json", b'{"SchemaVersion": 2}')])
    with pytest.raises(Unobserved):
        build(scans=(scan,)).vulnerable(RULES)


def test_facts_come_back_from_their_json() -> None:
    """What a check judges in a replay is what was seen."""
    for probe, facts in ((release_tag, tag()), (release_build, build()), (release_commit, commit(check()))):
        codec = FactsCodec(probe)
        assert codec.decode(codec.encode(facts, str)) == facts
