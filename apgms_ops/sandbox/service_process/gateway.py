"""The API gateway: logs in, checks tokens and tenants, records what was done, and asks the services behind it."""

import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import quote

from apgms_ops.sandbox.service_process import abn as abns
from apgms_ops.sandbox.service_process import gateway_calculations as calculations
from apgms_ops.sandbox.service_process import gateway_login, tokens
from apgms_ops.sandbox.service_process.frame import Frame
from apgms_ops.sandbox.service_process.gateway_login import NOBODY, LogIn
from apgms_ops.sandbox.service_process.message import Refused, Request, Response, problem, reply
from apgms_ops.sandbox.service_process.peer import Answer, Peer
from apgms_ops.sandbox.service_process.switches import Spec
from apgms_ops.sandbox.service_process.tenants import ABNS, SMOKE, SYNTHETIC, users_of
from apgms_ops.sandbox.service_process.tokens import Caller, Tokens
from apgms_ops.sandbox.service_process.unavailable import Unavailable

SWITCHES: Final = Spec(
    flags=(
        *("suspended", "open_tenants", "unaudited_deposits", "silent_refusals"),
        *(*gateway_login.FLAGS, *tokens.FLAGS, *calculations.FLAGS),
    ),
    shares=("fail_share", "drop_audit"),
    delays=("delay_ms", "calculation_ms", "journey_ms"),
    counts=tokens.COUNTS,
)
_PERIOD: Final = re.compile(r"[0-9]{4}-(Q[1-4]|0[1-9]|1[0-2])")
_TAX_TYPES: Final = ("PAYGW", "GST")
_KEY: Final = "idempotency-key"
_LOOKUP_PATIENCE: Final = 4.0
_PATIENCE: Final = 6.0


def build(frame: Frame) -> None:
    """Add the routes."""
    Gateway(frame)


class Gateway:
    """The gateway's routes."""

    def __init__(self, frame: Frame) -> None:
        """Add the routes to the frame."""
        self._frame = frame
        self._events = frame.events
        # Both replicas would leave the load balancer at once: better that a request says itself why it fails.
        frame.serve_without("kafka")
        frame.depend("keys", self._require_keys)
        files = frame.settings.files
        self._tokens = Tokens.of_file(files["signing_key"], frame.clock, frame.switches)
        log_in = LogIn(users_of(files["users"]), self._tokens, frame.switches)
        self._registries = frame.peer("registries", _LOOKUP_PATIENCE)
        self._payments = frame.peer("payments", _PATIENCE)
        self._audit = frame.peer("audit", _PATIENCE)
        self._ending = threading.Event()
        frame.at_end(self._ending.set)
        self._add("/v1/auth/login", log_in.answer, "POST", "auth.login", (400, 401, 422))
        lookup = ("GET", "registries.abn.lookup", (401, 403, 404, 422, 502, 504))
        self._add_checked("/v1/registries/abn/{abn}", self._look_up, *lookup)
        written = (400, 401, 403, 404, 409, 422)
        self._add_checked("/v1/deposits", self._deposit, "POST", "deposit.create", (201, *written))
        self._add_checked("/v1/payments", self._pay, "POST", "payment.create", (202, *written))
        read = (401, 403, 404, 422)
        self._add_checked("/v1/payments/{id}", self._payment, "GET", "payment.read", read)
        self._add_checked("/v1/ledger/{abn}/{taxType}", self._ledger, "GET", "ledger.read", read)
        close = "/v1/periods/{abn}/{taxType}/{period}/close"
        self._add_checked(close, self._close, "POST", "period.close", written)
        self._add_checked("/v1/audit/events", self._events_of, "GET", "audit.read", read)
        employer, asked = "/v1/employers/{abn}", (400, 401, 403, 404, 422)
        self._add_checked(employer, self._register, "PUT", "employer.register", (201, *asked))
        self._add_checked(employer, self._remove, "DELETE", "employer.delete", (204, 401, 403, 404, 409, 422))
        self._add_checked("/v1/calculations/paygw", self._paygw, "POST", "calculation.paygw", (400, 401, 403, 422))
        self._add_checked("/v1/calculations/gst", self._gst, "POST", "calculation.gst", (400, 401, 403, 422))

    def _require_keys(self) -> None:
        if not Path(self._frame.settings.files["signing_key"]).is_file():
            raise Unavailable("keys", "the file is gone")  # noqa: EM101 — the name of what is away

    # What every route of business goes through

    def _add_checked(
        self,
        template: str,
        work: Callable[[Request, Caller], Response],
        method: str,
        action: str,
        statuses: tuple[int, ...],
    ) -> None:
        def checked(request: Request) -> tuple[Response, Caller]:
            try:
                caller = self._tokens.caller(request.headers.get("authorization", ""))
            except Refused as refused:
                return problem(refused, request.correlation_id), NOBODY
            try:
                return work(request, caller), caller
            except Refused as refused:
                return problem(refused, request.correlation_id), caller
            except Unavailable as error:  # what was asked may have been done all the same: it is recorded
                self._frame.log.trouble("unavailable", request.correlation_id, route=template, why=str(error))
                away = Refused(503, "unavailable", f"{error.what} does not answer")
                return problem(away, request.correlation_id), caller

        self._add(template, checked, method, action, statuses)

    def _add(
        self,
        template: str,
        work: Callable[[Request], tuple[Response, Caller]],
        method: str,
        action: str,
        statuses: tuple[int, ...],
    ) -> None:
        switches = self._frame.switches

        def answer(request: Request) -> Response:
            self._dawdle("delay_ms")
            if switches.on("suspended"):
                raise Refused(503, "suspended", "the platform is suspended for maintenance")
            if switches.pick("fail_share"):
                raise Refused(503, "unavailable", "the gateway is overloaded")
            response, caller = work(request)
            if caller.org == SMOKE:
                self._dawdle("journey_ms")
            if response.status >= 400 and switches.on("silent_refusals"):  # noqa: PLR2004 — errors
                response = reply(response.status, {"error": json.loads(response.body)["error"]})
            if action == "deposit.create" and switches.on("unaudited_deposits"):
                return response
            # Nothing is answered that is not in the audit log: a broker that is away makes this 503.
            self._events.audit(
                org_id=caller.org,
                actor_id=caller.subject,
                action=action,
                correlation_id=request.correlation_id,
                facts={"route": template, "status": response.status},
                drop=lambda: switches.pick("drop_audit"),
            )
            return response

        self._frame.route(method, template, answer, statuses)

    # The routes

    def _look_up(self, request: Request, caller: Caller) -> Response:
        fresh = "?fresh=true" if request.query.get("fresh") == "true" else ""
        path = f"/registries/abn/{quote(request.values['abn'], safe='')}{fresh}"
        return _passed_on(_ask(self._registries, "GET", path, request, caller))

    def _deposit(self, request: Request, caller: Caller) -> Response:
        return self._write("/deposits", request, caller)

    def _pay(self, request: Request, caller: Caller) -> Response:
        return self._write("/payments", request, caller)

    def _write(self, path: str, request: Request, caller: Caller) -> Response:
        body = {
            "abn": request.text("abn"),
            "taxType": request.text("taxType"),
            "period": request.text("period"),
            "amountCents": request.integer("amountCents"),
        }
        _require_own(request.text("abn"), caller)
        _require_form(request.text("taxType"), request.text("period"))
        if request.integer("amountCents") <= 0:
            raise Refused(422, "amount_invalid", "amountCents must be more than 0")
        key = request.headers.get(_KEY, "")
        if not key:
            raise Refused(400, "idempotency_key_required", "the header Idempotency-Key is needed")
        return _passed_on(_ask(self._payments, "POST", path, request, caller, body))

    def _payment(self, request: Request, caller: Caller) -> Response:
        answer = _ask(self._payments, "GET", f"/payments/{quote(request.values['id'], safe='')}", request, caller)
        if answer.status == 200:  # noqa: PLR2004 — OK
            found = answer.json()
            self._require_readable(str(found.get("abn")) if isinstance(found, dict) else "", caller)
        if answer.status == 404:  # noqa: PLR2004 — Not Found: in the words that another tenant's payment is answered with
            raise _not_found()
        return _passed_on(answer)

    def _ledger(self, request: Request, caller: Caller) -> Response:
        abn, tax_type = request.values["abn"], request.values["taxType"]
        self._require_readable(abn, caller)
        _require_form(tax_type, None)
        return _passed_on(_ask(self._payments, "GET", f"/ledger/{abn}/{tax_type}", request, caller))

    def _close(self, request: Request, caller: Caller) -> Response:
        abn, tax_type, period = (request.values[name] for name in ("abn", "taxType", "period"))
        _require_own(abn, caller)
        _require_form(tax_type, period)
        return _passed_on(
            _ask(self._payments, "POST", f"/periods/{abn}/{tax_type}/{period}/close", request, caller, {})
        )

    def _events_of(self, request: Request, caller: Caller) -> Response:
        wanted = request.query.get("correlationId", "")
        if not wanted:
            raise Refused(422, "correlation_id_required", "the parameter correlationId is needed")
        path = f"/audit/events?correlationId={quote(wanted, safe='')}"
        answer = _ask(self._audit, "GET", path, request, caller)
        if answer.status != 200:  # noqa: PLR2004 — OK
            return _passed_on(answer)
        events = answer.json()["events"]
        if not self._frame.switches.on("open_tenants"):
            events = [event for event in events if event["orgId"] == caller.org]
        return reply(200, {"events": events})

    def _register(self, request: Request, caller: Caller) -> Response:
        path = self._employer(request, caller)
        name: dict[str, object] = {"legalName": request.text("legalName")}
        return _passed_on(_ask(self._payments, "PUT", path, request, caller, name))

    def _remove(self, request: Request, caller: Caller) -> Response:
        return _passed_on(_ask(self._payments, "DELETE", self._employer(request, caller), request, caller))

    def _employer(self, request: Request, caller: Caller) -> str:
        """Return the path of an employer that comes and goes."""
        abn = request.values["abn"]
        if not abns.valid(abn):
            raise Refused(422, "abn_invalid", "that is not the number of a business: its check digits are wrong")
        _require_own(abn, caller)
        if abn not in SYNTHETIC:
            raise Refused(403, "not_synthetic", "only a synthetic employer can be registered and removed")
        return f"/employers/{abn}"

    def _paygw(self, request: Request, _caller: Caller) -> Response:
        self._dawdle("calculation_ms")
        return calculations.paygw(request, self._frame.switches)

    def _gst(self, request: Request, _caller: Caller) -> Response:
        self._dawdle("calculation_ms")
        return calculations.goods_and_services(request, self._frame.switches)

    def _dawdle(self, switch: str) -> None:
        delay = self._frame.switches.seconds(switch)
        if delay:
            self._ending.wait(delay)

    def _require_readable(self, abn: str, caller: Caller) -> None:
        if not self._frame.switches.on("open_tenants"):
            _require_own(abn, caller)


def _require_own(abn: str, caller: Caller) -> None:
    """Go on only with a number of the caller's tenant: another tenant's is not there."""
    if abn not in ABNS.get(caller.org, ()):
        raise _not_found()


def _not_found() -> Refused:
    return Refused(404, "not_found", "there is no such resource")


def _require_form(tax_type: str, period: str | None) -> None:
    if tax_type not in _TAX_TYPES:
        raise Refused(422, "tax_type_invalid", f"taxType must be one of {', '.join(_TAX_TYPES)}")
    if period is not None and not _PERIOD.fullmatch(period):
        raise Refused(422, "period_invalid", "period must be YYYY-Qn or YYYY-MM")


def _ask(  # noqa: PLR0913, PLR0917 — the parts of a request
    peer: Peer, method: str, path: str, request: Request, caller: Caller, body: dict[str, object] | None = None
) -> Answer:
    headers = {"X-Correlation-Id": request.correlation_id, "X-Org-Id": caller.org, "X-Actor-Id": caller.subject}
    if _KEY in request.headers:
        headers["Idempotency-Key"] = request.headers[_KEY]
    return peer.ask(method, path, body, headers)


def _passed_on(answer: Answer) -> Response:
    return Response(answer.status, answer.body)
