"""How pgBackRest is run for a drill, and what its failures mean."""

from pathlib import Path

import pytest

from apgms_ops.drills.restoring import Restorer, failure, require, secrets_in, trouble
from apgms_ops.drills.running import Ended, Runner
from apgms_ops.drills.scratch import Place
from apgms_ops.drills.scratch_server import ScratchServer
from apgms_ops.environment.backups import DatabaseRestore
from apgms_ops.errors import Unobserved

SECTION = DatabaseRestore(scratch="/scratch", config="/etc/100% drill.conf", programs="/usr/lib/postgresql/15/bin")
RESTORER = Restorer(SECTION, "apgms", Place(Path("/scratch/drill-1")), Runner())


def said(line: str, code: int = 1) -> Ended:
    """Return what came of a command."""
    return Ended(code, ("P00   INFO: restore command begin", line))


@pytest.mark.parametrize("code", [26, 29, 55, 95])
def test_a_repository_that_is_bad_is_a_finding(code: int) -> None:
    """A wrong checksum, format or cipher, or a file that is missing, says that it cannot be restored."""
    assert f"[{code:03}] bad" in str(require(failure(said(f"ERROR: [{code:03}]: bad", code))))


@pytest.mark.parametrize("line", ["ERROR: [049]: unable to connect to 'localhost:9'", "Killed"])
def test_a_repository_that_cannot_be_asked_is_unknown(line: str) -> None:
    """Whatever else kept it from restoring says nothing of what is kept."""
    with pytest.raises(Unobserved, match="restore"):
        require(failure(said(line)))


def test_trouble_with_the_archive_is_seen_in_the_server_s_log() -> None:
    """PostgreSQL takes any failure to fetch a segment for the end; pgBackRest says what it was."""
    assert trouble(["LOG:  starting", "ERROR: [049]: unable to connect", "LOG:  redo done"]) == "unable to connect"
    assert trouble(["LOG:  redo done"]) is None


def test_the_secrets_of_the_configuration_are_known(tmp_path: Path) -> None:
    """So that they can be masked wherever they might be said; a file that we may not read tells nothing."""
    config = tmp_path / "drill.conf"
    config.write_text(
        "[global]\nrepo1-cipher-pass=one\nrepo1-s3-key=two\nrepo1-s3-key-secret = three\nrepo1-s3-bucket=b\n"
    )
    assert [secret.reveal() for secret in secrets_in(config)] == ["one", "two", "three"]
    assert list(secrets_in(tmp_path / "nowhere")) == []


def test_segments_come_by_a_command_that_can_only_fetch() -> None:
    """Its paths are quoted for the shell and for PostgreSQL, and it runs `archive-get` alone."""
    command = RESTORER.from_archive
    assert command.endswith(' archive-get %f "%p"')
    assert "'--config=/etc/100%% drill.conf'" in command
    assert "archive-push" not in command


def test_a_restored_server_reaches_nobody() -> None:
    """It archives nowhere, follows nobody and listens on a socket in its own folder alone."""
    settings = ScratchServer(RESTORER, lambda _line: None).settings({"max_connections": "100"})
    assert (settings["archive_mode"], settings["archive_command"]) == ("off", "/bin/false")
    assert (settings["primary_conninfo"], settings["listen_addresses"], settings["ssl"]) == ("", "", "off")
    assert settings["unix_socket_directories"].startswith("/scratch/drill-1/")
    assert settings["max_connections"] == "100"
