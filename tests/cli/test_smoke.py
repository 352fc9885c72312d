"""`apgms-ops smoke clean`: what it removes, what it asks, and what it leaves alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apgms_ops.cli import main
from tests.probes.journey.platform import ABNS, KNOWN, OTP, USERS, Platform


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """An honest platform."""
    it = Platform(tmp_path)
    yield it
    it.close()


@pytest.fixture
def file(platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The platform's environment file; its secrets are in the process's environment."""
    (walker, (_, password)), (other, (_, others)) = USERS.items()
    values = {"WALKER": walker, "PASSWORD": password, "OTP": OTP, "OTHER": other, "OTHERS": others}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("APGMS_ENVIRONMENTS", str(tmp_path / "environments"))  # beside it is recorded what is done
    limits = ("abandoned_after", "duration", "step_limit", "acknowledgement", "audit", "token_lifetime", "clock_skew")
    path = tmp_path / "toy.toml"
    path.write_text(
        f"""
name = "toy"
[identities]
services = "toy"
[services.registries]
deployment = "registries"
replicas = 1
objectives = [{{ kind = "availability", target = "99.9%", window = "30d", source = "test" }}]
known_abns = [{{ abn = "{KNOWN["active"]}", answer = "active" }}]
[smoke]
base_url = "{platform.url}"
ca_file = "{platform.ca_file}"
minimum_tls = "1.3"
organisation = "org-smoke"
username = "env:WALKER"
password = "env:PASSWORD"
otp_secret = "env:OTP"
other_tenant = {{ username = "env:OTHER", password = "env:OTHERS", otp_secret = "env:OTP" }}
legal_name = "Smoke test"
abns = {list(ABNS)}
bank = "synthetic"
"""
        + "".join(f'{name} = {{ value = "20s", source = "test" }}\n' for name in limits)
    )
    return str(path)


def test_what_is_registered_is_removed(platform: Platform, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every synthetic employer is named, removed, and gone; exit 0."""
    platform.office.register(ABNS[0], "Smoke test 0123456789ab")
    platform.office.append(ABNS[0], "PAYGW", "2026-Q4", 100)
    assert main(["smoke", "clean", "--env", file, "--yes"]) == 0
    said = capsys.readouterr().out
    assert f"DELETE /v1/employers/{ABNS[0]}" in said
    assert "1 of 1 removed" in said
    assert platform.office.employers == {}
    assert platform.office.out_of_balance == []


def test_a_dry_run_removes_nothing(platform: Platform, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With --dry-run it is only said."""
    platform.office.register(ABNS[0], "Smoke test 0123456789ab")
    assert main(["smoke", "clean", "--env", file, "--dry-run"]) == 0
    assert "nothing was done (--dry-run)" in capsys.readouterr().out
    assert list(platform.office.employers) == [ABNS[0]]


def test_nobody_to_ask_is_a_refusal(platform: Platform, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --yes, and without anybody to ask, nothing is done; exit 4."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    platform.office.register(ABNS[0], "Smoke test 0123456789ab")
    assert main(["smoke", "clean", "--env", file]) == 4
    assert list(platform.office.employers) == [ABNS[0]]


def test_nothing_to_do_is_said(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Where none is registered, nothing is asked."""
    assert main(["smoke", "clean", "--env", file]) == 0
    assert "there is nothing to clean up" in capsys.readouterr().out


def test_what_is_left_is_named(platform: Platform, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be removed is named; exit 1."""
    platform.office.register(ABNS[0], "Smoke test 0123456789ab")
    platform.alter["employer.delete"] = lambda *_: (500, {"error": "internal"})
    assert main(["smoke", "clean", "--env", file, "--yes"]) == 1
    assert f"left: {ABNS[0]}: the employer is still registered" in capsys.readouterr().out


def test_the_wrong_place_is_left_alone(platform: Platform, file: str) -> None:
    """Where the front door names another environment, nobody logs in; exit 10."""
    platform.environment = "production"
    assert main(["smoke", "clean", "--env", file, "--yes"]) == 10
    assert platform.seen == []
