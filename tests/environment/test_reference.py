"""The page of all keys."""

from pathlib import Path

from apgms_ops.environment.reference import markdown


def test_the_reference_of_all_keys_is_current() -> None:
    """environments/README.md is what the model says: else run `apgms-ops docs environments`."""
    page = Path(__file__).parents[2] / "environments" / "README.md"
    assert page.read_text(encoding="utf-8") == markdown()


def test_every_key_is_explained() -> None:
    """No key of the reference lacks its explanation."""
    assert "|  |" not in markdown()
