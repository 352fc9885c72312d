"""The evidence index as the probe reads it from the stand-in: as it was made, and as somebody hostile leaves it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import read_secrets, secrets_of
from apgms_ops.errors import BadAnswer, EvidenceInvalid, Unobserved
from apgms_ops.estate import Estate
from apgms_ops.observation import Recorder
from apgms_ops.probes.evidence_index import evidence_index
from apgms_ops.probes.evidence_index_facts import EvidenceIndex
from apgms_ops.sandbox.source import bare, git
from apgms_ops.sandbox.source_commits import commit
from apgms_ops.sandbox.source_index import INDEX, SBOM, SIDECAR
from apgms_ops.sandbox.world import World
from tests.sandbox.github_process.test_faults import mini

pytestmark = pytest.mark.sandbox


def see(world: World) -> EvidenceIndex:
    """Read the index of the release that runs."""
    environment = mini(world)
    secrets = read_secrets(secrets_of(environment, ["github"]), {})
    estate = Estate(environment, secrets, Recorder(lambda text: text))
    found = evidence_index.function(estate.github, estate, environment, world.get("release.tag"), Deadline(20))
    assert isinstance(found, EvidenceIndex)
    return found


def changed(world: World, files: dict[str, str | None], then: Callable[[], Any]) -> Any:  # noqa: ANN401 — what `then` returns
    """Commit files, do something, and take the commit back."""
    before = commit(bare(world), files, "Change it", Deadline(20))
    try:
        return then()
    finally:
        git(world, ["update-ref", "refs/heads/main", before], Deadline(20))


def sidecar(world: World) -> dict[str, Any]:
    """Return the history as it is."""
    found: dict[str, Any] = json.loads(git(world, ["show", f"main:{SIDECAR}"], Deadline(20)))
    return found


def test_the_sandboxs_index_is_well(world: World) -> None:
    """It was made by the command itself."""
    index = see(world)
    assert not [*index.stale(), *index.altered(), *index.broken(), *index.unsound()]
    assert index.written is not None
    assert [row.artifact for row in index.written.rows] == [
        "Software Bill of Materials (SBOM)",
        "Security Scan Log",
        "k6 Load Test Report",
    ]


@pytest.mark.parametrize(
    "bend",
    [
        lambda _: "no JSON",
        lambda _: "[]",
        lambda body: json.dumps(body | {"schema": 2}),
        lambda body: json.dumps(body | {"history": ["a"]}),
        lambda body: json.dumps(body | {"history": [{}]}),
        lambda body: json.dumps(body | {"history": [body["history"][0] | {"rows": "all"}]}),
        lambda body: json.dumps(body | {"history": [body["history"][0] | {"rows": [{"artifact": "a"}]}]}),
        lambda body: json.dumps(body | {"history": [body["history"][0] | {"at": "yesterday"}]}),
        lambda body: json.dumps(
            body | {"history": [body["history"][0] | {"rows": [body["history"][0]["rows"][0] | {"path": "../../x"}]}]}
        ),
    ],
)
def test_a_malformed_history_is_not_believed(world: World, bend: Callable[[dict[str, Any]], str]) -> None:
    """It is an error, and so UNKNOWN: never a row that counts."""
    with pytest.raises((BadAnswer, EvidenceInvalid)):
        changed(world, {SIDECAR: bend(sidecar(world))}, lambda: see(world))


def test_an_empty_history_is_none(world: World) -> None:
    """As if it had been made by hand."""
    index = changed(world, {SIDECAR: json.dumps({"schema": 1, "history": []})}, lambda: see(world))
    assert "has no history" in index.stale()[0]


def test_a_file_that_is_too_large_to_be_shown_is_not_known(world: World) -> None:
    """GitHub shows a megabyte: what is in more was not seen."""
    index = changed(world, {SBOM: " " * 1_100_000}, lambda: see(world))
    with pytest.raises(Unobserved):
        index.broken()


def test_a_document_without_its_markers_was_edited(world: World) -> None:
    """There is no table to be read."""
    text = git(world, ["show", f"main:{INDEX}"], Deadline(20))
    index = changed(world, {INDEX: text.replace("<!-- evidence-start -->", "") + "\n"}, lambda: see(world))
    assert index.altered()
