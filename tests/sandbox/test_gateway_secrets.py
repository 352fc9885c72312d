"""The gateway's secrets are made once, are private, and are told by path alone."""

import stat
from pathlib import Path

import pytest

from apgms_ops.sandbox import gateway_secrets
from apgms_ops.sandbox.service_process.tenants import ABNS, SMOKE, SMOKE_OTHER, Credentials, users_of
from apgms_ops.sandbox.world import World

NAMES = [f"smoke.{prefix}{name}_file" for prefix in ("", "other_") for name in ("username", "password", "otp")]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A world in which they are made."""
    world = World(tmp_path / "sandbox", cache=tmp_path / "cache", report=lambda _line: None)
    gateway_secrets.make(world, world.folder("api-gateway"))
    return world


def told(world: World) -> dict[str, str]:
    """Return what the files say whose paths are published for journeys."""
    return {name: Path(world.get(name)).read_text(encoding="utf-8") for name in NAMES}


def test_whoever_walks_journeys_finds_a_line_a_file(world: World) -> None:
    """Each secret is one line of a file of its own, and together they are two users of two tenants."""
    lines = told(world)
    assert all(text.count("\n") == 1 and text.endswith("\n") for text in lines.values())
    users = users_of(str(world.folder("api-gateway") / "users.json"))
    for prefix, org in (("", SMOKE), ("other_", SMOKE_OTHER)):
        user = users[lines[f"smoke.{prefix}username_file"].strip()]
        assert user.org == org
        assert user.has_password(lines[f"smoke.{prefix}password_file"].strip())
        assert user.otp_secret == lines[f"smoke.{prefix}otp_file"].strip()


def test_every_tenant_has_a_user_with_secrets_of_its_own(world: World) -> None:
    """Nobody logs in with another tenant's password or codes."""
    found = [Credentials.read(world.folder("api-gateway") / f"credentials-{org}.json") for org in ABNS]
    assert len({one.password for one in found}) == len({one.otp_secret for one in found}) == len(ABNS)


def test_nobody_else_can_read_them(world: World) -> None:
    """Each file is this user's alone."""
    files = [path for path in world.folder("api-gateway").rglob("*") if path.is_file()]
    assert len(files) == 2 + len(ABNS) + len(NAMES)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_they_stay_what_they_are(world: World) -> None:
    """Made again, they are the same; where one is missing, all of them are new."""
    before = told(world)
    gateway_secrets.make(world, world.folder("api-gateway"))
    assert told(world) == before
    (world.folder("api-gateway") / f"credentials-{SMOKE}.json").unlink()
    gateway_secrets.make(world, world.folder("api-gateway"))
    assert not set(told(world).values()) & {text for name, text in before.items() if "username" not in name}
