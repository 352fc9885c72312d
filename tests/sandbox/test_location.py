"""A sandbox is kept where the environment says."""

from pathlib import Path

import pytest

from apgms_ops.errors import ConfigurationError
from apgms_ops.sandbox import location


@pytest.mark.parametrize(
    ("environ", "name", "expected"),
    [
        ({"HOME": "/home/me"}, None, Path("~/.local/state/apgms-ops/sandbox").expanduser()),
        ({"XDG_STATE_HOME": "/state"}, None, Path("/state/apgms-ops/sandbox")),
        ({"XDG_STATE_HOME": ""}, None, Path("~/.local/state/apgms-ops/sandbox").expanduser()),
        ({"XDG_STATE_HOME": "/state"}, "two", Path("/state/apgms-ops/sandbox-two")),
        ({"XDG_STATE_HOME": "/state", "APGMS_SANDBOX": "/mine"}, None, Path("/mine")),
        ({"APGMS_SANDBOX": "/mine"}, "two", Path("/mine-two")),
    ],
)
def test_the_state_folder_is_the_one_named(environ: dict[str, str], name: str | None, expected: Path) -> None:
    """$APGMS_SANDBOX comes first, then $XDG_STATE_HOME, then the home folder; a name is added."""
    assert location.root(environ, name) == expected


@pytest.mark.parametrize("name", ["", "..", "a/b", "-a", "A", "a" * 32, "a b", "a\n"])
def test_a_name_that_is_no_part_of_a_path_is_refused(name: str) -> None:
    """A name that could lead elsewhere is refused."""
    with pytest.raises(ConfigurationError, match="the name of a sandbox"):
        location.root({}, name)
