"""The reports over HTTP: on this machine alone, to be read, and nothing beside them."""

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from apgms_ops.reports.serving import Server

PAGE, LEDGER = b"<html>front</html>", b'{"seq":0}\n'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of a folder of reports, with a secret beside it."""
    root = tmp_path / "reports"
    for name, text in (
        ("index.html", PAGE),
        ("html/a.html", PAGE),
        ("runs/a/ledger.jsonl", LEDGER),
        ("runs/a/allure-results/x-attachment.html", PAGE),
        ("runs/a/.probes/x.json", LEDGER),
        ("actions/a/ledger.jsonl", LEDGER),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text)
    (tmp_path / "secret.json").write_text("secret")
    (root / "runs" / "link.json").symlink_to(tmp_path / "secret.json")
    (root / "runs" / "out").symlink_to(tmp_path)
    with Server(root, 0) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.01,))
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


def ask(server: Server, path: str, method: str = "GET", host: str | None = None) -> tuple[int, dict[str, str], bytes]:
    """Send a request as it stands, and return what came."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", host or f"127.0.0.1:{server.server_port}")
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


@pytest.mark.parametrize("path", ["/", "/index.html", "/html/a.html", "/html/a.html?x#y"])
def test_the_pages_are_pages(server: Server, path: str) -> None:
    """The front page and the runs' reports come as HTML, and nobody may frame, sniff or keep them."""
    status, headers, body = ask(server, path)
    assert (status, headers["content-type"], body) == (200, "text/html; charset=utf-8", PAGE)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"


def test_what_a_run_left_is_text(server: Server) -> None:
    """A ledger can be read in the browser, which runs nothing of it."""
    status, headers, body = ask(server, "/runs/a/ledger.jsonl")
    assert (status, headers["content-type"], body) == (200, "text/plain; charset=utf-8", LEDGER)


def test_head_has_no_body(server: Server) -> None:
    """The length is told, and nothing sent."""
    status, headers, body = ask(server, "/", "HEAD")
    assert (status, headers["content-length"], body) == (200, str(len(PAGE)), b"")


@pytest.mark.parametrize(
    "path",
    [
        "/runs/",
        "/runs/a",
        "/nothing.html",
        "/runs/a/allure-results/x-attachment.html",
        "/runs/a/.probes/x.json",
        "/actions/a/ledger.jsonl",
        "/../secret.json",
        "/runs/../../secret.json",
        "/runs/%2e%2e/%2e%2e/secret.json",
        "/runs/..%2f..%2fsecret.json",
        "/runs/..%5c..%5csecret.json",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/runs/link.json",
        "/runs/out/secret.json",
        "/runs/a%00/ledger.jsonl",
    ],
)
def test_nothing_else_is_shown(server: Server, path: str) -> None:
    """No listing, no hidden file, no foreign page, nothing outside of the folder, by whatever way."""
    status, _, body = ask(server, path)
    assert status == 404
    assert b"secret" not in body


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example"]
)
def test_a_request_under_another_name_is_refused(server: Server, host: str) -> None:
    """A page of another site that has its name lead here reads nothing."""
    status, _, body = ask(server, "/", host=host)
    assert status == 421
    assert PAGE not in body


def test_both_names_of_this_machine_are_served(server: Server) -> None:
    """127.0.0.1 and localhost, each with the port."""
    assert ask(server, "/", host=f"localhost:{server.server_port}")[0] == 200
    assert server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_written(server: Server, method: str) -> None:
    """There is no such verb, and the files are as they were."""
    assert ask(server, "/index.html", method)[0] == 501
    assert (server.root / "index.html").read_bytes() == PAGE
