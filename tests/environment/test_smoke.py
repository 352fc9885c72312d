"""What a file says of the customer journey: nothing of it is guessed, and nothing real can be declared."""

from datetime import timedelta
from pathlib import Path

import pytest

from apgms_ops.environment.loading import load, secrets_of
from apgms_ops.environment.model import Absent, Smoke
from apgms_ops.environment.smoke import is_abn
from apgms_ops.errors import EnvironmentInvalid

SHIPPED = Path(__file__).parents[2] / "environments"
HEAD = """
name = "test"
[services.registries]
deployment = "registries"
replicas = 1
objectives = [{ kind = "availability", target = "99.9%", window = "30d", source = "runbook" }]
known_abns = [{ abn = "53004085616", answer = "active" }]
"""
SMOKE: dict[str, str] = {
    "base_url": '"https://api.test.example"',
    "minimum_tls": '"1.3"',
    "organisation": '"org-smoke"',
    "username": '"env:USERNAME"',
    "password": '"env:PASSWORD"',
    "otp_secret": '"env:OTP"',
    "other_tenant": '{ username = "env:OTHER", password = "env:OTHERS", otp_secret = "env:OTHERS_OTP" }',
    "legal_name": '"Smoke test"',
    "abns": '["66999999900", "47999999901"]',
    "bank": '"synthetic"',
} | dict.fromkeys(
    ("abandoned_after", "duration", "step_limit", "acknowledgement", "audit", "token_lifetime", "clock_skew"),
    '{ value = "10s", source = "test" }',
)


def written(tmp_path: Path, **changed: str | None) -> Path:
    """Write a file with this section; None leaves a key out."""
    keys = {name: value for name, value in (SMOKE | changed).items() if value is not None}
    path = tmp_path / "test.toml"
    path.write_text(HEAD + "[smoke]\n" + "".join(f"{name} = {value}\n" for name, value in keys.items()))
    return path


def section(path: Path) -> Smoke:
    """Return the section of a file."""
    smoke = load(path).smoke
    assert isinstance(smoke, Smoke)
    return smoke


@pytest.mark.parametrize("name", sorted(SMOKE))
def test_nothing_has_a_default(name: str, tmp_path: Path) -> None:
    """What must be declared and is not is an error that names the file and the key; it is never skipped over."""
    with pytest.raises(EnvironmentInvalid, match=rf"test\.toml.*smoke\.{name}"):
        load(written(tmp_path, **{name: None}))


@pytest.mark.parametrize("url", ['""', '"http://api.test.example"', '"api.test.example"', '"https://a:b@c.example"'])
def test_the_front_door_is_https(url: str, tmp_path: Path) -> None:
    """An address without https is refused, with what is expected there."""
    with pytest.raises(EnvironmentInvalid, match=r"smoke\.base_url.*with https"):
        load(written(tmp_path, base_url=url))


@pytest.mark.parametrize(
    ("abns", "said"),
    [
        ("[]", "smoke.abns"),
        ('["12345678901"]', "modulus 89"),
        ('["66999999900", "66999999900"]', "more than once"),
        ('["53004085616"]', "it is not synthetic"),
        ("[66999999900]", "smoke.abns"),
    ],
)
def test_the_numbers_are_synthetic(abns: str, said: str, tmp_path: Path) -> None:
    """A number with wrong check digits, one that is known as somebody's, and none at all are refused."""
    with pytest.raises(EnvironmentInvalid, match=said):
        load(written(tmp_path, abns=abns))


def test_a_secret_is_a_reference(tmp_path: Path) -> None:
    """A password that is written into the file is refused, and not repeated."""
    with pytest.raises(EnvironmentInvalid, match=r"smoke\.password") as caught:
        load(written(tmp_path, password='"hunter2"'))
    assert "hunter2" not in str(caught.value)


def test_a_step_can_have_a_limit_of_its_own(tmp_path: Path) -> None:
    """A step that is named has its own limit, every other one the common one."""
    smoke = section(written(tmp_path, step_limits='{ log-in = { value = "3s", source = "test" } }'))
    assert smoke.limit_of("log-in").value == timedelta(seconds=3)
    assert smoke.limit_of("pay").value == timedelta(seconds=10)


def test_a_step_that_does_not_exist_has_no_limit(tmp_path: Path) -> None:
    """A misspelt step is an error."""
    with pytest.raises(EnvironmentInvalid, match="step_limits"):
        load(written(tmp_path, step_limits='{ login = { value = "3s", source = "test" } }'))


def test_its_secrets_are_read_for_it(tmp_path: Path) -> None:
    """Both tenants' secrets are those of the section."""
    names = {reference.target for reference in secrets_of(load(written(tmp_path)), ["smoke"])}
    assert names == {"USERNAME", "PASSWORD", "OTP", "OTHER", "OTHERS", "OTHERS_OTP"}


def test_it_may_be_absent(tmp_path: Path) -> None:
    """An environment without a front door says so."""
    path = tmp_path / "test.toml"
    path.write_text(HEAD + '[smoke]\nabsent = "no customers here"\n')
    assert load(path).smoke == Absent(absent="no customers here")


@pytest.mark.parametrize("name", ["production", "staging", "sandbox"])
def test_every_shipped_environment_can_be_walked(name: str) -> None:
    """Each declares a front door, numbers, and limits with their source."""
    smoke = section(SHIPPED / f"{name}.toml")
    assert smoke.duration.value <= timedelta(minutes=1)
    assert smoke.minimum_tls == "1.3"


def test_a_front_door_that_is_not_pinned_is_said(tmp_path: Path) -> None:
    """Whoever walks wants to know where: without a pin, the services count as not pinned."""
    assert load(written(tmp_path)).unpinned == ("services",)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("53004085616", True),
        ("51824753556", True),
        ("12345678901", False),
        ("5300408561", False),
        ("5300408561a", False),
    ],
)
def test_an_abn_is_known_by_its_check_digits(text: str, valid: bool) -> None:  # noqa: FBT001 — a parameter
    """Modulus 89, as the register describes it."""
    assert is_abn(text) is valid
