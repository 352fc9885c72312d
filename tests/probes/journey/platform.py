"""A small honest platform, in this process and behind TLS: what the journey asks for, answered as it must be.

A test makes it dishonest by `alter`: action → what becomes of an answer.
"""

import base64
import hmac
import json
import re
import ssl
import threading
import time
from collections.abc import Callable
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from apgms_ops.clients.gateway.second_factor import code
from apgms_ops.compliance.gst import gst_cents
from apgms_ops.compliance.withholding import PayPeriod, withheld_cents
from apgms_ops.environment.smoke import is_abn
from apgms_ops.sandbox.certificates import Authority, crt, key
from apgms_ops.secret import Secret
from tests.probes.journey.ledger_office import Office, Refusal

ABNS = ("66999999900", "47999999901", "28999999902")
KNOWN = {"active": "53004085616", "cancelled": "11000000948", "invalid": "12345678901"}
OTP = "JBSWY3DPEHPK3PXP"
USERS = {
    "walker@org-smoke.example": ("org-smoke", "one password"),
    "else@org-other.example": ("org-other", "a second one"),
}

Answer = tuple[int, dict[str, Any]]
Route = Callable[["Call"], Answer]


class Call:
    """One request, as a route sees it."""

    def __init__(self, groups: tuple[str, ...], query: dict[str, str], body: Any, caller: tuple[str, str]) -> None:  # noqa: ANN401
        """Take it apart."""
        self.groups, self.query, self.body, self.caller = groups, query, body, caller
        self.key = ""


class Platform:
    """The server, what it has written down, and what is wrong with it."""

    def __init__(self, folder: Path) -> None:
        """Listen on a free port of 127.0.0.1, with a certificate for localhost."""
        self.office = Office()
        self.alter: dict[str, Callable[[int, dict[str, Any]], Answer]] = {}
        self.unaudited: set[str] = set()
        self.environment = "toy"
        self.seen: list[str] = []
        """What was asked for, in order: action and status."""
        self._secret = b"signing key"
        Authority(folder, "ca").server("door", ("localhost",), ("127.0.0.1",))
        self.ca_file = str(crt(folder, "ca"))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.load_cert_chain(crt(folder, "door"), key(folder, "door"))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.socket = self.context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self._routes: tuple[tuple[str, str, str, Route], ...] = (
            ("GET", r"/v1/registries/abn/(\d+)", "registries.abn.lookup", self._look_up),
            ("PUT", r"/v1/employers/(\d+)", "employer.register", self._register),
            ("DELETE", r"/v1/employers/(\d+)", "employer.delete", self._remove),
            ("POST", r"/v1/calculations/(paygw)", "calculation.paygw", self._paygw),
            ("POST", r"/v1/calculations/(gst)", "calculation.gst", self._gst),
            ("POST", r"/v1/(deposit)s", "deposit.create", self._once),
            ("POST", r"/v1/(payment)s", "payment.create", self._once),
            ("POST", r"/v1/periods/(\d+)/(\w+)/([\w-]+)/close", "period.close", self._close),
            ("GET", r"/v1/payments/([\w-]+)", "payment.read", self._payment),
            ("GET", r"/v1/ledger/(\d+)/(\w+)", "ledger.read", self._ledger),
            ("GET", r"/v1/audit/(events)", "audit.read", self._events),
        )

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://localhost:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def answer(self, method: str, target: str, headers: Any, body: Any) -> Answer:  # noqa: ANN401 — http.server's
        """Return status and body."""
        parts = urlsplit(target)
        correlation_id = headers.get("X-Correlation-Id", "")
        action, org, actor = "unknown", "org-platform", "anonymous"
        try:
            if parts.path == "/version":
                return self._version()
            if parts.path == "/v1/auth/login":
                action = "auth.login"
                status, answer, (org, actor) = self._log_in(body)
            else:
                action, route, groups = self._routed(method, parts.path)
                org, actor = caller = self._caller(headers.get("Authorization", ""))
                call = Call(groups, {k: v[0] for k, v in parse_qs(parts.query).items()}, body, caller)
                call.key = headers.get("Idempotency-Key", "")
                status, answer = route(call)
        except Refusal as refusal:
            status = refusal.status
            answer = {"error": refusal.error, "message": "refused", "correlationId": correlation_id}
        if action in self.alter:
            status, answer = self.alter[action](status, answer)
        if action not in self.unaudited:
            self.office.audit(org, actor, action, correlation_id)
        self.seen.append(f"{action} {status}")
        return status, answer

    def _version(self) -> Answer:
        return 200, {
            "service": "api-gateway",
            "version": "v1.4.2",
            "gitSha": "c" * 40,
            "builtAt": "2026-11-01T00:00:00Z",
            "environment": self.environment,
        }

    def _routed(self, method: str, path: str) -> tuple[str, Route, tuple[str, ...]]:
        for verb, pattern, action, route in self._routes:
            match = re.fullmatch(pattern, path)
            if match is not None and verb == method:
                return action, route, match.groups()
        raise Refusal(404, "no_such_route")

    def _log_in(self, body: Any) -> tuple[int, dict[str, Any], tuple[str, str]]:  # noqa: ANN401
        org, password = USERS.get(body.get("username"), ("", ""))
        if not password or body.get("password") != password:
            raise Refusal(401, "unauthorized")
        if not body.get("otp"):
            raise Refusal(401, "mfa_required")
        if body["otp"] not in {code(Secret(OTP), time.time() + 30 * step) for step in (-1, 0, 1)}:
            raise Refusal(401, "unauthorized")
        now = int(time.time())
        claims: dict[str, Any] = {"iss": "apgms", "aud": "api", "sub": f"user-{org}", "org": org}
        claims |= {"roles": ["operator"], "amr": ["pwd", "otp"], "iat": now, "exp": now + 900}
        return 200, {"accessToken": self._signed(claims), "expiresIn": 900}, (org, f"user-{org}")

    def _signed(self, claims: dict[str, Any]) -> str:
        first = ".".join(_coded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        return f"{first}.{_coded(hmac.digest(self._secret, first.encode(), 'sha256'))}"

    def _caller(self, authorization: str) -> tuple[str, str]:
        parts = authorization.removeprefix("Bearer ").split(".")
        try:
            claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
        except (IndexError, ValueError):
            raise Refusal(401, "unauthorized") from None
        if authorization.removeprefix("Bearer ") != self._signed(claims) or claims["exp"] < time.time():
            raise Refusal(401, "unauthorized")
        return claims["org"], claims["sub"]

    @staticmethod
    def _require_own(abn: str, call: Call) -> None:
        if call.caller[0] != "org-smoke" or abn not in ABNS:
            raise Refusal(404, "not_found")

    def _look_up(self, call: Call) -> Answer:
        abn = call.groups[0]
        if not is_abn(abn):
            raise Refusal(422, "abn_invalid")
        standing = next((name for name, known in KNOWN.items() if known == abn), None)
        if standing is None:
            raise Refusal(404, "abn_unknown")
        return 200, {"abn": abn, "status": standing, "legalName": "Somebody", "source": "abr"}

    def _register(self, call: Call) -> Answer:
        if not is_abn(call.groups[0]):
            raise Refusal(422, "abn_invalid")
        self._require_own(call.groups[0], call)
        return self.office.register(call.groups[0], call.body["legalName"])

    def _remove(self, call: Call) -> Answer:
        self._require_own(call.groups[0], call)
        self.office.remove(call.groups[0])
        return 204, {}

    def _paygw(self, call: Call) -> Answer:
        body = call.body
        pay_date, period = date.fromisoformat(body["payDate"]), PayPeriod(body["payPeriod"])
        claimed = body["taxFreeThreshold"]
        cents = withheld_cents(body["grossCents"], period, pay_date, tax_free_threshold=claimed)
        return 200, {"withheldCents": cents, "table": "NAT 1004"}

    def _gst(self, call: Call) -> Answer:
        return 200, {"gstCents": gst_cents(call.body["amountCents"], inclusive=call.body["inclusive"])}

    def _once(self, call: Call) -> Answer:
        self._require_own(call.body["abn"], call)
        return self.office.once(call.caller[0], call.key, call.groups[0], call.body)

    def _close(self, call: Call) -> Answer:
        self._require_own(call.groups[0], call)
        return 200, self.office.close(*call.groups)

    def _payment(self, call: Call) -> Answer:
        if call.caller[0] != "org-smoke":
            raise Refusal(404, "not_found")
        return 200, self.office.payment(call.groups[0])

    def _ledger(self, call: Call) -> Answer:
        self._require_own(call.groups[0], call)
        return 200, {"entries": self.office.rows(*call.groups)}

    def _events(self, call: Call) -> Answer:
        return 200, {"events": self.office.events_of(call.caller[0], call.query["correlationId"])}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        platform = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet: a second one would wait for the first to be acknowledged

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length) or b"null")
                status, answer = platform.answer(self.command, self.path, self.headers, body)
                data = b"" if status == 204 else json.dumps(answer).encode()
                self.send_response(status)
                if data:
                    self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 — http.server's names

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
