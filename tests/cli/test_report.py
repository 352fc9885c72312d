"""`apgms-ops report`: which run, which file, and one line with its exit code for everything that can be wrong."""

import http.client
import threading
import webbrowser
from datetime import timedelta
from pathlib import Path

import pytest

from apgms_ops import cli
from apgms_ops.cli import report
from apgms_ops.reports.html import node
from apgms_ops.reports.serving import Server
from tests.reports.recorded import altered, write_run
from tests.reports.seen import START

NPM = 'for last in "$@"; do :; done; echo "npm error code ENOTFOUND"; exit 1'


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The runs of a site; no program is on the PATH, no wheel of Node.js is installed, and nothing is in the cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(node, "_WHEEL", "no_such_package")
    (tmp_path / "bin").mkdir()
    return tmp_path / "reports" / "runs"


def program(runs: Path, name: str, script: str) -> None:
    """Put a program on the PATH."""
    path = runs.parent.parent / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def complaint(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what was said on standard error: the last line, and never a traceback."""
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said.splitlines()[-1]


def test_without_node_the_front_page_is_drawn_and_the_way_to_get_it_named(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No Node.js: exit 3 with what to type; the page over all runs is there, and the run's evidence is as it was."""
    run = write_run(runs)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert cli.main(["report"]) == 3
    assert "`pip install 'apgms-ops[report]'`" in complaint(capsys)
    assert run.name in (runs.parent / "index.html").read_text()
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_what_npm_says_is_told_in_one_line(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A registry that cannot be reached: exit 3 with npm's error."""
    write_run(runs)
    program(runs, "node", "echo v20.0.0")
    program(runs, "npm", NPM)
    assert cli.main(["report", "build"]) == 3
    assert complaint(capsys).endswith("fetching Allure with npm failed (exit 1): error code ENOTFOUND")


def test_another_tree_than_the_pinned_one_is_not_run(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What npm installed is compared by its digest before anything of it is kept or run."""
    write_run(runs)
    program(runs, "node", f"echo v20.0.0; touch {runs.parent}/ran-$2")
    program(runs, "npm", "/bin/mkdir -p node_modules/allure; echo x > node_modules/allure/cli.js")
    assert cli.main(["report", "build"]) == 3
    assert "is not what is pinned" in complaint(capsys)
    assert not list((runs.parent.parent / "cache").rglob("cli.js"))
    assert not (runs.parent / "ran-generate").exists()


def test_the_newest_finished_run_is_drawn(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that still goes on is not drawn by itself; it is when it is named."""
    older, newer = write_run(runs, START - timedelta(days=2)), write_run(runs, START - timedelta(days=1))
    going = write_run(runs, closed=False)
    assert report.find(None, Path.cwd()).path == newer
    assert report.find(going.name, Path.cwd()).path == going
    below = runs.parent.parent / "checks"
    below.mkdir()
    monkeypatch.chdir(below)
    assert report.find(older.name, Path.cwd()).path == older


def test_no_run_is_a_configuration_error(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to draw, or a run that does not exist: exit 4 with what to do, and a page that says so."""
    assert cli.main(["report"]) == 4
    assert "`pytest checks/ --env NAME` makes one" in complaint(capsys)
    runs.mkdir(parents=True)
    assert cli.main(["report", "build", "nonsense"]) == 4
    assert "no run of that name" in complaint(capsys)
    assert "No run has been recorded yet" in (runs.parent / "index.html").read_text()


def test_an_altered_run_is_not_dressed_up(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A ledger that does not verify: exit 3, also where it is the newest and nobody named it; the page says so."""
    write_run(runs, START - timedelta(days=1))
    altered(write_run(runs))
    assert cli.main(["report"]) == 3
    said = capsys.readouterr()
    assert "ledger.jsonl" in said.err
    assert "reports/index.html: 2 runs, 1 of them INVALID" in said.out
    assert "1 run does not verify" in (runs.parent / "index.html").read_text()


def test_an_output_that_is_a_folder_is_a_configuration_error(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report is one file."""
    write_run(runs)
    assert cli.main(["report", "build", "--output", str(runs)]) == 4
    assert "name the file to write" in complaint(capsys)


@pytest.mark.parametrize("count", ["0", "-1", "many", "10001"])
def test_a_number_of_runs_that_is_none_is_refused(runs: Path, count: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The command line says which numbers there are."""
    write_run(runs)
    with pytest.raises(SystemExit):
        cli.main(["report", "build", f"--runs={count}"])
    assert "a number from 1 to 10000" in capsys.readouterr().err


def test_open_prints_where_the_page_is_where_there_is_no_screen(
    runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is started on a terminal; what was never drawn is an error that names the command."""
    run = write_run(runs)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert cli.main(["report", "open"]) == 4
    assert "`apgms-ops report build` draws it" in complaint(capsys)
    assert cli.main(["report", "open", run.name]) == 4
    assert f"`apgms-ops report build {run.name}` draws it" in complaint(capsys)
    cli.main(["report"])
    capsys.readouterr()
    assert cli.main(["report", "open"]) == 0
    assert capsys.readouterr().out == f"{runs.parent / 'index.html'}\n"


def test_open_opens_the_file_where_there_is_a_screen(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser is given the file itself, which needs no server."""
    write_run(runs)
    cli.main(["report"])
    opened: list[str] = []
    monkeypatch.setenv("DISPLAY", ":0")

    def browse(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", browse)
    assert cli.main(["report", "open"]) == 0
    assert opened == [(runs.parent / "index.html").as_uri()]


def test_serve_needs_a_page_and_a_port(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing drawn, or a port that is taken: exit 4 with what to do."""
    write_run(runs)
    assert cli.main(["report", "serve"]) == 4
    assert "`apgms-ops report build` draws it" in complaint(capsys)
    cli.main(["report"])
    with Server(runs.parent, 0) as taken:
        assert cli.main(["report", "serve", f"--port={taken.server_port}"]) == 4
    assert "another one goes with --port" in complaint(capsys)


def test_serve_says_its_address_and_serves_the_page(
    runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address that is printed shows the front page, until it is told to stop."""
    write_run(runs)
    cli.main(["report"])
    capsys.readouterr()
    answers: list[bytes] = []
    served = Server.serve_forever

    def once(server: Server, poll_interval: float = 0.01) -> None:
        def ask() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
            connection.request("GET", "/")
            answers.append(connection.getresponse().read())
            connection.close()
            server.shutdown()

        asking = threading.Thread(target=ask)
        asking.start()
        served(server, poll_interval)
        asking.join()

    monkeypatch.setattr(Server, "serve_forever", once)
    assert cli.main(["report", "serve"]) == 0
    assert "http://127.0.0.1:" in capsys.readouterr().out
    assert answers == [(runs.parent / "index.html").read_bytes()]
