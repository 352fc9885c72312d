"""What makes an artifact no good evidence, each as a change of a whole release."""

import json
import os
import time
from collections.abc import Callable
from datetime import timedelta

from tests.evidence.index.made import DAY, NOW, OTHER, Repository, events, load, sbom, scan


def _old(repository: Repository) -> None:
    path = repository.put("sbom.json", sbom(at=NOW - 60 * DAY))
    os.utime(path, (time.time(), time.time()))


def _undated(repository: Repository) -> None:
    repository.put("sbom.json", sbom(at=None))


def _future(repository: Repository) -> None:
    repository.put("sbom.json", sbom(at=NOW + DAY))


def _foreign(repository: Repository) -> None:
    repository.put("sbom.json", sbom(commit=OTHER))


def _untied(repository: Repository) -> None:
    repository.put("sbom.json", sbom(commit=None))


def _beside_a_foreign_one(repository: Repository) -> None:
    repository.put("sbom-old.json", sbom(commit=OTHER))


def _critical(repository: Repository) -> None:
    repository.put("trivy.json", scan("LOW", "CRITICAL"))


def _of_two(repository: Repository) -> None:
    repository.put("another-scan.json", scan("CRITICAL", at=NOW - timedelta(hours=1)))


def _unknown_severity(repository: Repository) -> None:
    repository.put("trivy.json", scan("DIRE"))


def _nothing_scanned(repository: Repository) -> None:
    repository.put("trivy.json", scan(results=0))


def _secret_found(repository: Repository) -> None:
    body = scan("LOW")
    body["Results"][0]["Secrets"] = [{"RuleID": "aws-access-key-id", "Severity": "CRITICAL"}]
    repository.put("trivy.json", body)


def _misconfigured(repository: Repository) -> None:
    body = scan("LOW")
    found = [{"ID": "DS002", "Severity": "HIGH", "Status": status} for status in ("PASS", "FAIL")]
    body["Results"][0]["Misconfigurations"] = found
    repository.put("trivy.json", body)


def _empty_bom(repository: Repository) -> None:
    repository.put("sbom.json", sbom(components=0))


def _crossed(repository: Repository) -> None:
    repository.put("k6.json", load(ok=False))


def _name_alone(repository: Repository) -> None:
    (repository.artifacts / "k6.json").unlink()
    repository.put("payload-upload.txt", "load")


def _empty(repository: Repository) -> None:
    repository.put("sbom.json", "")


def _braces(repository: Repository) -> None:
    repository.put("sbom.json", {})


def _truncated(repository: Repository) -> None:
    repository.put("sbom.json", json.dumps(sbom())[:-9])


def _short_lived(repository: Repository) -> None:
    told = json.loads((repository.artifacts / "k6.json.provenance.json").read_text())
    told["expires"] = (NOW + 14 * DAY).isoformat()
    (repository.artifacts / "k6.json.provenance.json").write_text(json.dumps(told))


def _foreign_provenance(repository: Repository) -> None:
    told = json.loads((repository.artifacts / "k6.json.provenance.json").read_text())
    (repository.artifacts / "k6.json.provenance.json").write_text(json.dumps(told | {"sha256": "0" * 64}))


def _unattributable(repository: Repository) -> None:
    repository.put("audit.jsonl", events("actor_id"))


def _damaged_archive(repository: Repository) -> None:
    repository.put("more.zip", b"PK\x03\x04nothing")


WRONG: dict[str, tuple[Callable[[Repository], None], str]] = {
    "old content under a fresh mtime": (_old, "sbom.json: old, of "),
    "no date": (_undated, "sbom.json: undated"),
    "a date in the future": (_future, "sbom.json: dated in the future"),
    "another release's": (_foreign, "sbom.json is of another commit, ffffffffffff"),
    "of no release": (_untied, "sbom.json does not say which commit it is of"),
    "another release's beside the right one": (_beside_a_foreign_one, "sbom-old.json is of another commit"),
    "a critical finding": (_critical, "1 findings above MEDIUM that nobody accepted: CVE-2026-1 (CRITICAL)"),
    "one bad scan of two": (_of_two, "another-scan.json: 1 findings above MEDIUM"),
    "a severity of no kind": (_unknown_severity, "CVE-2026-0 (UNKNOWN)"),
    "a secret that the scanner found": (
        _secret_found,
        "1 findings above MEDIUM that nobody accepted: aws-access-key-id",
    ),
    "a misconfiguration": (_misconfigured, "1 findings above MEDIUM that nobody accepted: DS002 (HIGH)"),
    "a scan of nothing": (_nothing_scanned, "nothing was looked through"),
    "a bill of no materials": (_empty_bom, "it names no component"),
    "a threshold that was crossed": (_crossed, "k6.json.provenance.json is about another file"),
    "a name that contains a word": (_name_alone, "k6 Load Test Report: nothing of that kind was found"),
    "an empty file": (_empty, "sbom.json: empty"),
    "an empty document": (_braces, "sbom.json: an empty document"),
    "a truncated file": (_truncated, "sbom.json: damaged, or not JSON"),
    "kept for two weeks": (_short_lived, "evidence is kept for 12 months at least"),
    "provenance of another file": (_foreign_provenance, "is about another file"),
    "audit events that nobody can be held to": (_unattributable, "events lack actor_id"),
    "a damaged archive": (_damaged_archive, "more.zip: damaged archive"),
}
