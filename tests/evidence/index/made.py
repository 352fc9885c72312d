"""Artifacts as tools make them, small."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

NOW = datetime.now(UTC).replace(microsecond=0)
SHA = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40
DAY = timedelta(days=1)
INDEX = """# Evidence

Before | the table.

<!-- evidence-start -->
old
<!-- evidence-end -->

After it.
"""


def sbom(commit: str | None = SHA, at: datetime | None = NOW, components: int = 2, name: str = "app") -> dict[str, Any]:
    """Return a bill of materials as CycloneDX has it."""
    metadata: dict[str, Any] = {"component": {"name": name, "properties": []}}
    if at is not None:
        metadata["timestamp"] = at.isoformat()
    if commit is not None:
        metadata["component"]["properties"].append({"name": "git.sha", "value": commit})
    return {
        "bomFormat": "CycloneDX",
        "metadata": metadata,
        "components": [{"name": f"c{n}"} for n in range(components)],
    }


def scan(*severities: str, commit: str = SHA, at: datetime = NOW, results: int = 1) -> dict[str, Any]:
    """Return a scanner's output as Trivy has it."""
    found = [{"VulnerabilityID": f"CVE-2026-{n}", "PkgName": "p", "Severity": s} for n, s in enumerate(severities)]
    labels = {"org.opencontainers.image.revision": commit}
    return {
        "SchemaVersion": 2,
        "ArtifactName": "app",
        "CreatedAt": at.isoformat(),
        "Metadata": {"ImageConfig": {"config": {"Labels": labels}}},
        "Results": [{"Target": "app", "Vulnerabilities": found}][:results],
    }


def load(*, ok: bool = True, requests: int = 1000) -> dict[str, Any]:
    """Return the summary of a load test as k6's handleSummary has it."""
    thresholds = {"p(95)<250": {"ok": ok}}
    return {
        "root_group": {},
        "state": {"testRunDurationMs": 1.0},
        "metrics": {
            "http_req_duration": {"type": "trend", "thresholds": thresholds},
            "http_reqs": {"type": "counter", "values": {"count": requests}},
        },
    }


def events(*lacking: str) -> str:
    """Return audit events as JSON lines, without the members that are named."""
    event = {
        "event_id": "e",
        "org_id": "o",
        "actor_id": "a",
        "action": "payment.create",
        "at": NOW.isoformat(),
        "payload": {},
        "prev_hash": "0" * 64,
        "hash": "1" * 64,
    }
    return json.dumps({key: value for key, value in event.items() if key not in lacking}) + "\n"


class Repository:
    """A repository with an index, and a folder of artifacts."""

    def __init__(self, root: Path) -> None:
        """Make it."""
        self.root = root
        (root / ".git").mkdir(parents=True)
        self.index = root / "docs" / "dsp-osf" / "evidence-index.md"
        self.index.parent.mkdir(parents=True)
        self.index.write_text(INDEX)
        self.artifacts = root / ".github" / "artifacts"
        self.artifacts.mkdir(parents=True)

    @property
    def sidecar(self) -> Path:
        """Its history."""
        return self.index.with_suffix(".json")

    def put(self, name: str, content: Mapping[str, Any] | str | bytes, **provenance: str) -> Path:
        """Write an artifact, with its provenance beside it if any is given."""
        path = self.artifacts / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(content) if isinstance(content, Mapping) else content
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if provenance:
            path.with_name(f"{name.rpartition('/')[2]}.provenance.json").write_text(json.dumps(provenance))
        return path

    def whole(self) -> None:
        """Put everything that a release leaves."""
        self.put("sbom.json", sbom())
        self.put("trivy.json", scan("LOW", "MEDIUM"))
        digest = hashlib.sha256(json.dumps(load()).encode()).hexdigest()
        self.put("k6.json", load(), sha256=digest, commit=SHA, created=NOW.isoformat())

    def rows(self) -> list[list[str]]:
        """Return the cells of the table's rows."""
        text = self.index.read_text().partition("<!-- evidence-start -->")[2].partition("<!-- evidence-end -->")[0]
        lines = [line for line in text.splitlines() if line.startswith("|")]
        return [[cell.strip() for cell in line.strip("|").replace("\\|", "\0").split("|")] for line in lines[2:]]
