"""What a release run says of its images: their digests, what they are made of, what a scanner found. Pure."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from apgms_ops.clients.github.facts import Member
from apgms_ops.clients.http.shape import list_field, mapping, text, text_field, texts, wrong
from apgms_ops.errors import BadAnswer, Unobserved
from apgms_ops.redact import printable

DIGESTS: Final = "image-digests.json"
SEVERITIES: Final = ("NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL")
UNKNOWN: Final = "UNKNOWN"
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_IN_REFERENCE: Final = re.compile(r"@(sha256:[0-9a-f]{64})$")


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """One finding of the scanner."""

    id: str
    package: str
    severity: str
    """LOW, MEDIUM, HIGH, CRITICAL, or UNKNOWN, which is what the scanner itself says of some."""


@dataclass(frozen=True, slots=True)
class Scan:
    """The scanner's report on the image of one service."""

    service: str
    digests: tuple[str, ...]
    """Of the image that was scanned."""
    targets: int
    """Parts of the image that were looked through."""
    found: tuple[Vulnerability, ...]


def digests(files: Sequence[Member]) -> dict[str, str]:
    """Return the digest of each service's image.

    Raises:
        BadAnswer: They are not there, or not digests.
    """
    body = next((file for file in files if file.name == DIGESTS), None)
    if body is None:
        msg = f"the artifact holds no {DIGESTS}"
        raise BadAnswer(msg)
    found = texts(_json(body), DIGESTS)
    for service, digest in found.items():
        if not _DIGEST.fullmatch(digest):
            wrong(f"{DIGESTS}: {printable(service, limit=40)}", "a digest", digest)
    return found


def parts(files: Sequence[Member]) -> dict[str, int]:
    """Return how many components the bill of materials of each service names (CycloneDX).

    Raises:
        BadAnswer: One is no bill of materials.
    """
    found: dict[str, int] = {}
    for service, body in _by_service(files).items():
        if text_field(body, "bomFormat", service) != "CycloneDX":
            wrong(f"{service}.bomFormat", "CycloneDX", body["bomFormat"])
        found[service] = len(list_field(body, "components", service)) if "components" in body else 0
    return found


def scans(files: Sequence[Member]) -> tuple[Scan, ...]:
    """Return the scanner's reports (Trivy's JSON).

    Raises:
        BadAnswer: One is no such report.
    """
    return tuple(_scan(service, body) for service, body in _by_service(files).items())


def rank(severity: str) -> int:
    """Return where a severity stands.

    Raises:
        Unobserved: Nobody knows how bad it is.
    """
    if severity not in SEVERITIES:
        msg = f"the scanner calls the severity {severity}"
        raise Unobserved(msg)
    return SEVERITIES.index(severity)


def _scan(service: str, body: Mapping[str, object]) -> Scan:
    if body.get("SchemaVersion") != 2:  # noqa: PLR2004 — Trivy's own
        wrong(f"{service}.SchemaVersion", "2", body.get("SchemaVersion"))
    about = body.get("Metadata")
    named = mapping(about, f"{service}.Metadata").get("RepoDigests") if about is not None else None
    references = [text(name, f"{service}.RepoDigests") for name in (named if isinstance(named, list) else [])]
    results = list_field(body, "Results", service) if "Results" in body else []
    found: list[Vulnerability] = []
    for i, item in enumerate(results):
        where = f"{service}.Results[{i}]"
        result = mapping(item, where)
        # A part in which nothing was found has no such field.
        for j, one in enumerate(list_field(result, "Vulnerabilities", where) if result.get("Vulnerabilities") else []):
            place = f"{where}.Vulnerabilities[{j}]"
            data = mapping(one, place)
            severity = text_field(data, "Severity", place)
            found.append(
                Vulnerability(
                    text_field(data, "VulnerabilityID", place),
                    text_field(data, "PkgName", place),
                    severity if severity in SEVERITIES[1:] else UNKNOWN,
                )
            )
    matches = [_IN_REFERENCE.search(name) for name in references]
    return Scan(service, tuple(match[1] for match in matches if match), len(results), tuple(found))


def _by_service(files: Sequence[Member]) -> dict[str, Mapping[str, object]]:
    return {
        file.name.removesuffix(".json"): mapping(_json(file), file.name)
        for file in files
        if file.name.endswith(".json") and "/" not in file.name
    }


def _json(file: Member) -> object:
    try:
        return json.loads(file.data.decode())
    except (ValueError, RecursionError) as error:
        msg = f"{printable(file.name, limit=80)} is not JSON: {printable(str(error), limit=120)}"
        raise BadAnswer(msg) from None
