"""The evidence index in the platform's repository, made as a release pipeline makes it: by the command itself."""

import hashlib
import json
import shutil
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import errands
from apgms_ops.sandbox.source_commits import Bare, commit

if TYPE_CHECKING:
    from pathlib import Path

INDEX: Final = "docs/dsp-osf/evidence-index.md"
SIDECAR: Final = "docs/dsp-osf/evidence-index.json"
ARTIFACTS: Final = ".github/artifacts"
SCAN: Final = f"{ARTIFACTS}/trivy.json"
SBOM: Final = f"{ARTIFACTS}/sbom.json"
_COMMAND: Final = "import sys; from apgms_ops.cli import main; sys.exit(main())"
_EMPTY: Final = """# Evidence index

What the platform's security controls are evidenced by, refreshed for every release.

<!-- evidence-start -->
<!-- evidence-end -->
"""


def artifacts(sha: str, at: datetime, severity: str = "LOW") -> dict[str, str]:
    """Return a release's artifacts: a bill of materials, a scanner's findings, and what a load test came to.

    Args:
        sha: The release's commit.
        at: When they were made.
        severity: Of the scanner's one finding.
    """
    made = at.isoformat()
    sbom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {
            "timestamp": made,
            "component": {"name": "apgms", "properties": [{"name": "git.sha", "value": sha}]},
        },
        "components": [{"type": "library", "name": name} for name in ("fastify", "pg", "openssl")],
    }
    scan = {
        "SchemaVersion": 2,
        "CreatedAt": made,
        "ArtifactName": "apgms",
        "Metadata": {"ImageConfig": {"config": {"Labels": {"org.opencontainers.image.revision": sha}}}},
        "Results": [
            {"Target": "apgms", "Vulnerabilities": [{"VulnerabilityID": "CVE-2025-0001", "Severity": severity}]}
        ],
    }
    load = json.dumps(
        {
            "root_group": {},
            "state": {"testRunDurationMs": 60_000.0},
            "metrics": {
                "http_req_duration": {"type": "trend", "thresholds": {"p(95)<250": {"ok": True}}},
                "http_reqs": {"type": "counter", "values": {"count": 12_000}},
            },
        }
    )
    # A summary of k6 says neither when nor of what it is.
    provenance = {"sha256": hashlib.sha256(load.encode()).hexdigest(), "commit": sha, "created": made}
    return {
        SBOM: json.dumps(sbom),
        SCAN: json.dumps(scan),
        f"{ARTIFACTS}/k6-summary.json": load,
        f"{ARTIFACTS}/k6-summary.json.provenance.json": json.dumps(provenance),
    }


def refreshed(
    bare: Bare, files: Mapping[str, str], release: tuple[str, str], deadline: Deadline, *, strict: bool = True
) -> dict[str, str]:
    """Return artifacts with the index that the command makes of them, and its history.

    Args:
        bare: In whose component's folder it is made.
        files: The artifacts.
        release: Its tag, and its commit.
        deadline: For all of it.
        strict: Whether the command must be content with the artifacts.

    Raises:
        SandboxError: It is not content with them, and was to be.
    """
    work = bare.world.folder(bare.component) / "indexing"
    shutil.rmtree(work, ignore_errors=True)
    try:
        (work / ".git").mkdir(parents=True)  # by which the command knows the root of a repository
        for name, text in ({INDEX: _EMPTY} | dict(files)).items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_text(text, encoding="utf-8")
        command: list[str | Path] = [sys.executable, "-c", _COMMAND, "evidence", "index", "--artifacts-dir"]
        command += [work / ARTIFACTS, "--index", work / INDEX, "--release", release[0], "--sha", release[1]]
        done = errands.run(
            bare.world, bare.component, [*command, "--strict"], deadline, name="apgms-ops evidence index"
        )
        if done.returncode and strict:
            msg = f"the evidence index was not made: {done.stderr.strip() or done.stdout.strip()}"
            raise SandboxError(msg)
        return dict(files) | {name: (work / name).read_text(encoding="utf-8") for name in (INDEX, SIDECAR)}
    finally:
        shutil.rmtree(work, ignore_errors=True)


def make(bare: Bare, tag: str, sha: str, built_at: datetime, deadline: Deadline) -> None:
    """Commit the index of a release to main, when it was built: its run of CI, too, is of the past.

    Raises:
        SandboxError: It cannot be made.
    """
    files = refreshed(bare, artifacts(sha, built_at), (tag, sha), deadline)
    commit(bare, files, f"Refresh the evidence index for {tag}", deadline, at=built_at)
