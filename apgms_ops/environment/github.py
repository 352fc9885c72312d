"""The platform's repository on GitHub, and what a release must have gone through there."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from apgms_ops.environment.kafka import Accepted
from apgms_ops.environment.types import Duration, Expected, HttpUrl, Model, SecretRef, Seq, Text

RepositoryPart = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_.-]{1,100}$"),
    Expected("letters, digits, dots, underscores and hyphens, as in the repository's address"),
]
WorkflowFile = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_.-]{1,96}\.ya?ml$"), Expected("a workflow's file name, such as release.yaml")
]


RepositoryPath = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_.\-]+(/[A-Za-z0-9_.\-]+)*\.md$", max_length=300),
    Expected("the path of a Markdown file within the repository, such as docs/dsp-osf/evidence-index.md"),
]

Severity = Literal["NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL"]
"""How bad a finding of the scanner is, in rising order; NONE, and nothing at all is accepted."""


class Artifacts(Model):
    """What the artifacts are called, by what they hold."""

    junit: Text = "junit"
    """Results of the tests, JUnit XML; left by the workflow of the tests."""
    images: Text = "image-digests"
    """`image-digests.json`: service → digest of its image; this and the following are left by the release run."""
    sbom: Text = "sbom"
    """A CycloneDX bill of materials a service, `<service>.json`."""
    scan: Text = "scan"
    """A scanner's report a service (Trivy's JSON), `<service>.json`."""


class Github(Model):
    """The repository, and what is required of a release."""

    url: HttpUrl = "https://api.github.com"
    """The address of the API; `https://HOST/api/v3` for a server of one's own."""
    owner: RepositoryPart
    """Whose repository."""
    repository: RepositoryPart
    """Its name."""
    token: SecretRef
    """A token that may read contents, checks, commit statuses, Actions and, to prove who approved a waiver, pull
    requests; `release` commands need more."""
    ca_file: Text | None = None
    """Certificate authority of the server, a PEM file; the system's where it is left out."""
    branch: Text = "main"
    """The branch that every release is on."""
    evidence_index: RepositoryPath = "docs/dsp-osf/evidence-index.md"
    """The evidence index on that branch; its history is the file beside it that ends with .json."""
    workflow: WorkflowFile = "release.yaml"
    """The workflow that builds a release, run for its tag."""
    test_workflow: WorkflowFile = "ci.yaml"
    """The workflow that lints and tests a commit."""
    required_checks: Annotated[Seq[Text], Field(min_length=1)]
    """Check runs, or commit statuses, that must have succeeded on the release's own commit."""
    required_jobs: Annotated[Seq[Text], Field(min_length=1)]
    """Jobs of the release run that must have succeeded; a skipped one has not."""
    artifacts: Artifacts = Artifacts()
    """What the artifacts are called."""
    settling_time: Duration = timedelta(hours=1)
    """How long a release run may take: until then one that has not ended is UNKNOWN, from then on a finding."""
    highest_accepted_severity: Severity = "MEDIUM"
    """The worst severity of the scanner's findings that a release may carry."""
    accepted_vulnerabilities: Seq[Accepted] = ()
    """Vulnerabilities of a worse severity that are accepted, by their id, with a reason and an end."""
    accepted_reruns: Seq[Accepted] = ()
    """Releases, by tag, whose run failed at first and succeeded when it was run again."""
