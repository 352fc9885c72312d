"""The settings of the traffic process survive the file they are handed over in."""

from pathlib import Path

from apgms_ops.sandbox.traffic_process.settings import Settings


def test_settings_are_read_as_they_were_written(tmp_path: Path) -> None:
    """What the component writes is what the process reads."""
    settings = Settings(
        bootstrap="127.0.0.1:9092",
        edge="http://127.0.0.1:80",
        credentials="/credentials.json",
        topics={"a": 3, "a.dlq": 3},
        produced=("a",),
        groups={"g": ("a",)},
        metrics_port=1,
        control_port=2,
        exporter_port=3,
    )
    settings.write(tmp_path / "settings.json")
    assert Settings.read(tmp_path / "settings.json") == settings
