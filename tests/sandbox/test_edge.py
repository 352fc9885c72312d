"""The edge hands each request to one gateway that accepts it, and drops the share that it is told to drop."""

import http.client
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path

import pytest

from apgms_ops.sandbox.certificates import crt, key
from apgms_ops.sandbox.edge import certify
from apgms_ops.sandbox.edge_process import SWITCHES, Balancer, Tls, control, edge
from apgms_ops.sandbox.service_process.switches import Spec, Switches

Start = Callable[..., tuple[http.client.HTTPConnection, Switches]]


def off() -> Switches:
    """Return the edge's switches."""
    return Switches(SWITCHES, common=Spec())


class Gateway:
    """A tiny gateway, which says who it is and what it was asked."""

    def __init__(self, name: str, *, silent: bool = False) -> None:
        """Name it; a silent one accepts connections and says nothing."""
        self.asked: list[str] = []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                gateway.asked.append(f"{self.command} {self.path} {body.decode()}")
                if silent:
                    return
                answer = json.dumps({"name": name, "asked_with": self.headers.get("Authorization")}).encode()
                self.send_response(201)
                self.send_header("X-Correlation-Id", self.headers.get("X-Correlation-Id", "-"))
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def do_GET(self) -> None:
                answer = json.dumps({"service": name, "environment": "sandbox", "gitSha": "1"}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def do_DELETE(self) -> None:
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Keep silent."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def running(*servers: HTTPServer) -> Iterator[None]:
    """Run servers for a while."""
    with ExitStack() as stack:
        for server in servers:
            stack.enter_context(server)
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            stack.callback(server.shutdown)
        yield


@pytest.fixture
def start() -> Iterator[Start]:
    """Start an edge before some gateways, and return a connection to it, which is kept, and its switch."""
    with ExitStack() as stack:

        def begin(*gateways: Gateway, away: tuple[Gateway, ...] = ()) -> tuple[http.client.HTTPConnection, Switches]:
            for gateway in away:
                gateway.server.server_close()
            drops = off()
            balancer = Balancer([gateway.url for gateway in (*away, *gateways)], answer_within=0.2)
            server = edge(0, balancer, drops)
            stack.enter_context(running(server, *(gateway.server for gateway in gateways)))
            connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
            stack.callback(connection.close)
            return connection, drops

        yield begin


def ask(connection: http.client.HTTPConnection) -> tuple[int, str, dict[str, str]]:
    """Make a deposit, and return status, correlation id and body of the answer."""
    headers = {"Authorization": "Bearer x", "X-Correlation-Id": "c-1"}
    connection.request("POST", "/v1/deposits?a=1", b'{"amountCents":1}', headers)
    answer = connection.getresponse()
    return answer.status, answer.getheader("X-Correlation-Id", ""), json.loads(answer.read())


def test_gateways_take_turns_over_one_kept_connection(start: Start) -> None:
    """Requests over one connection reach the gateways in turn, with path, headers and body as they were sent."""
    one, two = Gateway("one"), Gateway("two")
    connection, _ = start(one, two)
    answers = [ask(connection) for _ in range(4)]
    assert [body["name"] for _, _, body in answers] == ["one", "two", "one", "two"]
    assert {(status, correlation) for status, correlation, _ in answers} == {(201, "c-1")}
    assert answers[0][2]["asked_with"] == "Bearer x"
    assert one.asked == two.asked == ['POST /v1/deposits?a=1 {"amountCents":1}'] * 2


def test_a_gateway_that_is_away_is_passed_over(start: Start) -> None:
    """While one gateway refuses connections the other answers everything; with none, 503 says so."""
    connection, _ = start(Gateway("two"), away=(Gateway("one"),))
    assert [ask(connection)[2]["name"] for _ in range(3)] == ["two"] * 3
    alone, _ = start(away=(Gateway("one"),))
    assert ask(alone)[0] == 503


def test_a_request_that_was_sent_is_not_sent_again(start: Start) -> None:
    """A gateway that takes a request and breaks off is answered for with 502: another gateway is not asked as well."""
    silent, other = Gateway("silent", silent=True), Gateway("other")
    connection, _ = start(silent, other)
    assert ask(connection)[0] == 502
    assert (len(silent.asked), other.asked) == (1, [])


def test_a_gateway_that_hangs_is_given_up() -> None:
    """A gateway that accepts the connection and never answers is given up with 504 in its time."""
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as hung:  # listens, and nobody accepts
        balancer = Balancer([f"http://127.0.0.1:{hung.server_port}"], answer_within=0.05)
        server = edge(0, balancer, off())
        with running(server):
            connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
            assert ask(connection)[0] == 504
            connection.close()


def test_a_share_is_dropped_before_a_gateway_is_asked(start: Start) -> None:
    """Of a share of a half every second connection is closed without an answer, and no gateway hears of it."""
    gateway = Gateway("one")
    connection, drops = start(gateway)
    drops.set({"drop_share": 0.5})
    assert ask(connection)[0] == 201
    with pytest.raises(http.client.RemoteDisconnected):
        ask(connection)
    assert ask(connection)[0] == 201
    assert len(gateway.asked) == 2


def test_the_switch_is_read_and_set_over_http() -> None:
    """The control port tells the switch, sets it, and refuses with 400 what it does not know."""
    drops = off()
    server = control(0, drops)
    with running(server):

        def order(method: str, body: str | None = None, path: str = "/switches") -> tuple[int, dict[str, object]]:
            connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
            connection.request(method, path, body)
            answer = connection.getresponse()
            found = answer.status, json.loads(answer.read())
            connection.close()
            return found

        none = {"staging": False, "tls_1_2": False, "drop_share": 0.0}
        assert order("GET") == (200, none)
        assert order("POST", '{"drop_share": 0.25}') == (200, none | {"drop_share": 0.25})
        assert order("POST", "{}") == (200, none | {"drop_share": 0.25})
        for wrong in ('{"drop": 1}', '{"drop_share": true}', '{"drop_share": 2}', '{"drop_share": 1e999}', "[]", "{"):
            assert order("POST", wrong)[0] == 400
        assert order("GET", path="/")[0] == 404
    assert sum(drops.pick("drop_share") for _ in range(1000)) == 250


def test_a_body_of_unknown_length_is_refused() -> None:
    """A request whose body comes in chunks, or is too long, is answered 411 before a gateway is asked."""
    server: ThreadingHTTPServer = edge(0, Balancer(["http://127.0.0.1:9"]), off())
    with running(server):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        connection.putrequest("POST", "/v1/deposits")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()  # the answer comes at once; a chunk sent after it would meet a closed connection
        try:
            assert connection.getresponse().status == 411
        finally:
            connection.close()


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority and the edge's certificate."""
    folder = tmp_path_factory.mktemp("edge")
    certify(folder)
    return folder


@contextmanager
def encrypted(folder: Path, *gateways: Gateway) -> Iterator[tuple[int, Switches]]:
    """Run an edge with TLS before some gateways, and yield its port and its switches."""
    switches = off()
    tls = Tls(str(crt(folder, "server")), str(key(folder, "server")), switches)
    server = edge(0, Balancer([gateway.url for gateway in gateways]), switches, tls)
    with running(server, *(gateway.server for gateway in gateways)):
        yield server.server_port, switches


def spoken(port: int, folder: Path, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> tuple[str | None, int]:
    """Make a deposit over TLS, and return the version that was spoken, and the status."""
    context = ssl.create_default_context(cafile=str(crt(folder, "ca")))
    context.maximum_version = newest
    connection = http.client.HTTPSConnection("localhost", port, timeout=10, context=context)
    try:
        status = ask(connection)[0]
        return connection.sock.version(), status
    finally:
        connection.close()


def test_the_world_outside_is_answered_over_tls_1_3(certified: Path) -> None:
    """Whoever trusts the edge's authority speaks TLS 1.3 with it; whoever speaks nothing newer than 1.2 does not."""
    with encrypted(certified, Gateway("one")) as (port, _):
        assert spoken(port, certified) == ("TLSv1.3", 201)
        with pytest.raises(ssl.SSLError):
            spoken(port, certified, ssl.TLSVersion.TLSv1_2)
        assert spoken(port, certified) == ("TLSv1.3", 201)


def test_a_client_that_trusts_others_does_not_trust_the_edge(certified: Path, tmp_path: Path) -> None:
    """Another authority of the same name has not signed its certificate."""
    certify(tmp_path)
    with encrypted(certified, Gateway("one")) as (port, _), pytest.raises(ssl.SSLCertVerificationError):
        spoken(port, tmp_path)


def test_the_edge_can_speak_what_is_not_spoken_any_more(certified: Path) -> None:
    """Switched, it speaks TLS 1.2, and to whoever wants more it does not speak; switched back, it speaks 1.3."""
    with encrypted(certified, Gateway("one")) as (port, switches):
        switches.set({"tls_1_2": True})
        assert spoken(port, certified) == ("TLSv1.2", 201)
        switches.set({"tls_1_2": False})
        assert spoken(port, certified) == ("TLSv1.3", 201)


def test_a_client_that_says_nothing_keeps_nobody_waiting(certified: Path) -> None:
    """While one connection does not shake hands, another is answered."""
    with encrypted(certified, Gateway("one")) as (port, _):
        silent = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        silent.connect()
        assert spoken(port, certified) == ("TLSv1.3", 201)
        silent.close()


def test_certificates_are_made_once(certified: Path) -> None:
    """An edge that is started again is the one that its clients know."""
    before = crt(certified, "server").read_bytes()
    certify(certified)
    assert crt(certified, "server").read_bytes() == before
    assert key(certified, "server").stat().st_mode & 0o77 == 0


def test_the_door_can_be_another_environments(start: Start) -> None:
    """Switched, `/version` names staging and another commit; what else is asked is answered as ever."""
    connection, switches = start(Gateway("one"))

    def version() -> dict[str, str]:
        connection.request("GET", "/version")
        answer: dict[str, str] = json.loads(connection.getresponse().read())
        return answer

    assert version() == {"service": "one", "environment": "sandbox", "gitSha": "1"}
    switches.set({"staging": True})
    told = version()
    assert (told["service"], told["environment"]) == ("one", "staging")
    assert told["gitSha"] != "1"
    assert ask(connection)[2]["name"] == "one"


def test_the_gateways_date_is_handed_on_and_no_content_has_no_length(start: Start) -> None:
    """Whoever asks sees by which clock the gateway answered; 204 says nothing of a body."""
    connection, _ = start(Gateway("one"))
    connection.request("GET", "/version")
    answer = connection.getresponse()
    answer.read()
    assert answer.getheader("Date")
    connection.request("DELETE", "/v1/employers/1")
    gone = connection.getresponse()
    assert (gone.status, gone.getheader("Content-Length"), gone.read()) == (204, None, b"")
