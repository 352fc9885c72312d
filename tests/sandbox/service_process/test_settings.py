"""The settings of a service survive the file they are handed over in."""

from pathlib import Path

from apgms_ops.sandbox.service_process.settings import Settings


def test_settings_are_read_as_they_were_written(tmp_path: Path) -> None:
    """What the component writes is what the process reads."""
    settings = Settings("audit", "audit-1", 1, 2, "127.0.0.1:9092", urls={"abr": "http://127.0.0.1:7"})
    settings.write(tmp_path / "settings.json")
    assert Settings.read(tmp_path / "settings.json") == settings
    assert settings.address("abr") == ("127.0.0.1", 7)


def test_the_dsn_is_read_from_its_file(tmp_path: Path) -> None:
    """The secret is not in the settings."""
    (tmp_path / "dsn").write_text("host=127.0.0.1\n")
    assert Settings("audit", "audit-1", 1, 2, dsn_file=str(tmp_path / "dsn")).dsn() == "host=127.0.0.1"
