"""What the artifacts of a run hold, and their zip files. Pure."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import quoteattr

_CASES: Final = (
    ("audit.writer", "writes every entry once"),
    ("audit.chain", "links each entry to the one before"),
    ("payments.close", "closes a period whose ledger adds up"),
    ("payments.close", "refuses a period whose ledger does not"),
    ("registries.cache", "asks again after an hour"),
    ("gateway.mfa", "refuses a token without the second factor"),
)
_IMAGE: Final = "registry.sandbox.example/platform"


def junit(failed: Sequence[str] = (), cases: Sequence[tuple[str, str]] = _CASES) -> dict[str, str]:
    """Return the results of the tests, as the tests' runner writes them."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append(f'<testsuites name="vitest" tests="{len(cases)}" failures="{len(failed)}" errors="0" time="1.2">')
    lines.append(f'<testsuite name="platform" tests="{len(cases)}" failures="{len(failed)}" errors="0" skipped="0">')
    for suite, name in cases:
        inner = '<failure message="expected true to be false"/>' if name in failed else ""
        lines.append(f'<testcase classname={quoteattr(suite)} name={quoteattr(name)} time="0.2">{inner}</testcase>')
    lines += ["</testsuite>", "</testsuites>", ""]
    return {"junit.xml": "\n".join(lines)}


def digests(services: Sequence[str], tag: str, sha: str, built_at: str) -> dict[str, str]:
    """Return the digest of each service's image: of all that makes the image this one."""
    found: dict[str, str] = {}
    for service in services:
        made_of = {"service": service, "version": tag, "git_sha": sha, "built_at": built_at}
        canonical = json.dumps(made_of, sort_keys=True, separators=(",", ":"))
        found[service] = f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
    return found


def images(found: Mapping[str, str]) -> dict[str, str]:
    """Return the list of the images that were built."""
    return {"image-digests.json": json.dumps(dict(found), indent=1)}


def sbom(found: Mapping[str, str]) -> dict[str, str]:
    """Return a CycloneDX bill of materials a service."""
    files: dict[str, str] = {}
    for service, digest in found.items():
        reference = f"pkg:oci/{service}@{digest}"
        parts = [("fastify", "5.2.0"), ("pg", "8.13.1"), ("openssl", "3.0.15")]
        document = {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "metadata": {"component": {"type": "container", "name": service, "bom-ref": reference, "version": digest}},
            "components": [
                {"type": "library", "name": name, "version": version, "bom-ref": f"pkg:generic/{name}@{version}"}
                for name, version in parts
            ],
        }
        files[f"{service}.json"] = json.dumps(document, indent=1)
    return files


def scan(found: Mapping[str, str], worse: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return a scanner's report a service, in Trivy's shape.

    Args:
        found: Service → digest of its image.
        worse: Service → severity of one more finding in it.
    """
    files: dict[str, str] = {}
    for service, digest in found.items():
        findings = [_vulnerability("CVE-2025-0001", "openssl", "LOW")]
        if worse and service in worse:
            findings.append(_vulnerability("CVE-2026-4242", "libxml2", worse[service]))
        document = {
            "SchemaVersion": 2,
            "ArtifactName": f"{_IMAGE}/{service}@{digest}",
            "ArtifactType": "container_image",
            "Metadata": {"RepoDigests": [f"{_IMAGE}/{service}@{digest}"]},
            "Results": [
                {"Target": f"{service} (debian 12)", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": findings},
                {"Target": "package-lock.json", "Class": "lang-pkgs", "Type": "npm"},
            ],
        }
        files[f"{service}.json"] = json.dumps(document, indent=1)
    return files


def _vulnerability(name: str, package: str, severity: str) -> dict[str, str]:
    return {"VulnerabilityID": name, "PkgName": package, "InstalledVersion": "1.0", "Severity": severity}


def archive(files: Mapping[str, str]) -> bytes:
    """Return a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            made.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
