"""The command line says in one line what is wrong, with the exit code for it, and never a traceback."""

from pathlib import Path

import pytest

from apgms_ops import cli


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Point the sandbox at an empty folder."""
    monkeypatch.setenv("APGMS_SANDBOX", str(tmp_path / "root"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("verb", [["status"], ["logs"], ["heal"]])
def test_a_command_on_a_sandbox_that_does_not_run_says_how_to_start_it(
    verb: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a sandbox the commands that need one exit 3 and name the command that starts it."""
    assert cli.main(["sandbox", *verb]) == 3
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "start it with `apgms-ops sandbox up`" in error


@pytest.mark.usefixtures("nowhere")
def test_down_without_a_sandbox_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Taking down what is down exits 0 and says that there was none."""
    assert cli.main(["sandbox", "down"]) == 0
    assert capsys.readouterr().out.startswith("no sandbox in ")


@pytest.mark.usefixtures("nowhere")
def test_an_unusable_name_is_a_configuration_error(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that could lead elsewhere exits 4 with one line."""
    assert cli.main(["sandbox", "status", "--name", "../x"]) == 4
    assert capsys.readouterr().err.count("\n") == 1


def test_a_damaged_sandbox_is_told_in_one_line(nowhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A state that cannot be read exits 3 and names the command that clears it away."""
    (nowhere / "root").mkdir()
    (nowhere / "root" / "world.json").write_text("{")
    assert cli.main(["sandbox", "status"]) == 3
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "`apgms-ops sandbox down` clears it away" in error


@pytest.mark.usefixtures("nowhere")
def test_the_faults_are_listed_without_a_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    """The list of faults can be read before anything runs."""
    assert cli.main(["sandbox", "faults"]) == 0
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv", [[], ["sandbox"], ["nonsense"], ["sandbox", "break"], ["sandbox", "up", "--deadline", "-1"]]
)
def test_misuse_exits_2_with_the_usage(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A command line that makes no sense is told with the usage, and exits 2."""
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)
    assert ended.value.code == 2
    assert "usage: apgms-ops" in capsys.readouterr().err


def test_an_interrupted_command_exits_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends a command with 130 and a word, not with a traceback."""

    def interrupted(_arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("apgms_ops.cli.sandbox._status", interrupted)
    assert cli.main(["sandbox", "status"]) == 130
    assert capsys.readouterr().err == "interrupted\n"
