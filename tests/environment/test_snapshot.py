"""The environment as a run records it."""

import json
from pathlib import Path

import pytest

from apgms_ops.environment.loading import load
from apgms_ops.environment.snapshot import as_json, canonical, from_json
from apgms_ops.errors import EvidenceInvalid

SHIPPED = Path(__file__).parents[2] / "environments"
MORE = """
[[maintenance]]
service = "audit"
from = 2026-11-29T02:00:00+11:00
to = 2026-11-29T03:00:00+11:00
reason = "upgrade"
"""


@pytest.mark.parametrize("name", ["production", "sandbox", "staging"])
def test_a_recorded_environment_reads_back_as_it_was(name: str, tmp_path: Path) -> None:
    """What a run records reads back, through JSON, as an equal environment of the same digest."""
    path = tmp_path / "x.toml"
    path.write_text((SHIPPED / f"{name}.toml").read_text(encoding="utf-8") + MORE, encoding="utf-8")
    environment = load(path)
    again = from_json(json.loads(canonical(environment)))
    assert again == environment
    assert canonical(again) == canonical(environment)


def test_defaults_are_recorded_and_read_back(tmp_path: Path) -> None:
    """An environment that leaves its limits to the defaults records them, and reads back the same."""
    path = tmp_path / "x.toml"
    path.write_text(
        'name = "x"\n[services.a]\ndeployment = "a"\nreplicas = 1\n'
        'objectives = [{ kind = "persistence", target = "100%", source = "s" }]\n',
        encoding="utf-8",
    )
    environment = load(path)
    data = as_json(environment)
    assert data["limits"]["remaining_budget"]["value"] == "10%"
    assert from_json(data) == environment


def test_secrets_are_recorded_as_references() -> None:
    """A snapshot names where secrets come from."""
    data = as_json(load(SHIPPED / "production.toml"))
    assert data["kafka"]["security"]["password"] == "env:APGMS_PRODUCTION_KAFKA_PASSWORD"


@pytest.mark.parametrize("data", [{}, {"name": 3}, {"name": "x", "services": {}, "extra": 1}, {"x": object()}])
def test_a_malformed_snapshot_is_refused(data: dict[str, object]) -> None:
    """A snapshot that does not fit the model is refused, never repaired."""
    with pytest.raises(EvidenceInvalid, match="recorded environment"):
        from_json(data)
