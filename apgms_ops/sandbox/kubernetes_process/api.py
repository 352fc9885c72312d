"""The API: who asks, whether they may, and what is done. It knows nothing of sockets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from apgms_ops.sandbox.kubernetes_process import discovery, patches
from apgms_ops.sandbox.kubernetes_process.access import Access, Attempt, User
from apgms_ops.sandbox.kubernetes_process.binding import bind
from apgms_ops.sandbox.kubernetes_process.kinds import OF, Object
from apgms_ops.sandbox.kubernetes_process.kubelet import Kubelets
from apgms_ops.sandbox.kubernetes_process.listing import Lists
from apgms_ops.sandbox.kubernetes_process.managed import Writer
from apgms_ops.sandbox.kubernetes_process.message import TEXT, Answer, Request, Response, Stream, problem, reply
from apgms_ops.sandbox.kubernetes_process.parameters import require_known
from apgms_ops.sandbox.kubernetes_process.paths import Target, target, verb
from apgms_ops.sandbox.kubernetes_process.proxy import Proxy
from apgms_ops.sandbox.kubernetes_process.registry import Registry
from apgms_ops.sandbox.kubernetes_process.scale import scale_of, scaled
from apgms_ops.sandbox.kubernetes_process.status import (
    CREATED,
    NOT_ACCEPTABLE,
    OK,
    Refused,
    bad_request,
    method_not_allowed,
    no_such_path,
    not_found,
    success,
    unauthorized,
)
from apgms_ops.sandbox.kubernetes_process.troubles import Troubles
from apgms_ops.sandbox.kubernetes_process.watching import Watches

_HEALTH: Final = ("/healthz", "/livez", "/readyz")
_PARTS: Final = ("", "status", "scale")
"""Subresources that are read and written as objects."""
_ATTRIBUTES: Final = ("verb", "group", "resource", "subresource", "namespace", "name")
_BEARER: Final = "bearer "


@dataclass(frozen=True, slots=True)
class Parts:
    """What the API is put together from."""

    registry: Registry
    lists: Lists
    watches: Watches
    kubelets: Kubelets
    proxy: Proxy
    users: Mapping[str, User]
    """By token."""
    troubles: Troubles = field(default_factory=Troubles)


class Api:
    """Answers requests."""

    def __init__(self, parts: Parts) -> None:
        """Take the parts."""
        self._parts = parts
        self._registry = parts.registry
        self._store = parts.registry.store
        self._access = Access(parts.registry.store)

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        user = self._user(request)
        trouble = self._parts.troubles.meet(request, user.name if user else "")
        if trouble is not None:
            return trouble
        try:
            if user is None:
                return problem(unauthorized())
            return self._answer(request, user)
        except Refused as refused:
            return problem(refused)

    def _user(self, request: Request) -> User | None:
        given = request.headers.get("authorization", "")
        return self._parts.users.get(given[len(_BEARER) :].strip()) if given.lower().startswith(_BEARER) else None

    def _answer(self, request: Request, user: User) -> Answer:
        about = target(request.path)
        if about is None:
            self._access.require(user, Attempt(request.method.lower(), path=request.path))
            return _bare(request)
        asked = verb(request.method, about, request.query)
        self._access.require(user, _attempt(asked, about, request.query))
        about.require_served()
        if about.subresource == "proxy":
            return self._parts.proxy.forward(about, request)
        require_known(asked, about, request.query)
        if about.resource.plural == "selfsubjectaccessreviews":
            return self._review(asked, request, user)
        if about.subresource in _PARTS:
            return self._objects(asked, about, request)
        return self._part(asked, about, request, user)

    def _part(self, asked: str, about: Target, request: Request, user: User) -> Answer:
        if about.subresource == "log":
            return self._logs(asked, about, request)
        if about.subresource == "exec":
            # Since 1.35 a WebSocket's GET needs what a POST needs.
            self._access.require(user, _attempt("create", about, request.query))
            return self._parts.kubelets.execute(about.namespace, about.name, request)
        return self._bind(asked, about, request)

    def _objects(self, asked: str, about: Target, request: Request) -> Answer:
        if asked not in about.resource.verbs:
            raise method_not_allowed()
        _require_json(request)
        if asked == "list":
            return reply(OK, self._parts.lists.page(about.resource, about.namespace, request.query))
        if asked == "watch":
            return Stream(OK, self._parts.watches.stream(about.resource, about.namespace, request.query))
        if asked == "get":
            item = self._found(about)
            return reply(OK, scale_of(item) if about.subresource == "scale" else item)
        if asked == "create":
            return self._create(about, request)
        if asked in ("update", "patch"):
            return self._write(asked, about, request)
        if about.subresource:
            raise method_not_allowed()
        return self._delete(asked, about, request)

    def _found(self, about: Target) -> Object:
        item = self._store.get(about.resource.plural, about.namespace, about.name)
        if item is None:
            raise not_found(about.resource, about.name)
        return item

    def _create(self, about: Target, request: Request) -> Response:
        if about.name or (about.resource.namespaced and not about.namespace):
            raise method_not_allowed()
        plural, writer, dry = about.resource.plural, _writer(about, request), _dry(request.query)
        return reply(CREATED, self._registry.create(plural, about.namespace, request.json(), writer, dry_run=dry))

    def _write(self, asked: str, about: Target, request: Request) -> Response:
        if not about.name:
            raise method_not_allowed()
        if asked == "patch":
            change = patches.patch(request.headers.get("content-type", ""), request.body)
        else:
            body = request.json()
            if about.subresource != "scale" and "name" not in (body.get("metadata") or {}):
                msg = "the object provided is unrecognized: its metadata has no name"
                raise bad_request(msg)

            def change(_before: Object) -> Object:
                return body

        scale = about.subresource == "scale"
        item = self._registry.update(
            about.resource.plural,
            about.namespace,
            about.name,
            scaled(change) if scale else change,
            _writer(about, request),
            dry_run=_dry(request.query),
        )
        return reply(OK, scale_of(item) if scale else item)

    def _delete(self, asked: str, about: Target, request: Request) -> Response:
        options = _options(request)
        dry = _dry({**request.query, **({"dryRun": "All"} if options.pop("dryRun", None) else {})})
        resource = about.resource
        if asked == "deletecollection":
            selected = {name: text for name, text in request.query.items() if name.endswith("Selector")}
            found = self._parts.lists.page(resource, about.namespace, selected)
            for item in found["items"]:
                metadata = item["metadata"]
                self._registry.delete(
                    resource.plural, metadata.get("namespace", ""), metadata["name"], options, dry_run=dry
                )
            return reply(OK, found)
        item, gone = self._registry.delete(resource.plural, about.namespace, about.name, options, dry_run=dry)
        if gone and not resource.returned:
            return reply(OK, success(resource, about.name, item["metadata"]["uid"]))
        return reply(OK, item)

    def _logs(self, asked: str, about: Target, request: Request) -> Answer:
        if asked != "get":
            raise method_not_allowed()
        return self._parts.kubelets.logs(about.namespace, about.name, request.query)

    def _bind(self, asked: str, about: Target, request: Request) -> Response:
        if asked != "create":
            raise method_not_allowed()
        node = (request.json().get("target") or {}).get("name")
        if not node:
            msg = "target.name: Required value"
            raise bad_request(msg)
        bind(self._registry, about.namespace, about.name, node)
        done = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": CREATED}
        return reply(CREATED, done)

    def _review(self, asked: str, request: Request, user: User) -> Response:
        if asked != "create":
            raise method_not_allowed()
        spec = request.json().get("spec") or {}
        attempt = _reviewed(spec)
        decision = self._access.decide(user, attempt)
        status: Object = {"allowed": decision.allowed, **({"reason": decision.reason} if decision.reason else {})}
        kind = OF["selfsubjectaccessreviews"]
        metadata = {"creationTimestamp": None}
        head = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}
        return reply(CREATED, {**head, "spec": spec, "status": status})


def _reviewed(spec: Mapping[str, Any]) -> Attempt:
    """Return what somebody asks whether they may do."""
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if isinstance(path, dict) and resource is None:
        return Attempt(str(path.get("verb", "")), path=str(path.get("path", "")))
    if not isinstance(resource, dict) or path is not None:
        msg = "spec: exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise bad_request(msg)
    given = {name: str(resource.get(name) or "") for name in _ATTRIBUTES}
    full = f"{given['resource']}/{given['subresource']}" if given["subresource"] else given["resource"]
    return Attempt(given["verb"], given["group"], full, given["namespace"], given["name"])


def _bare(request: Request) -> Response:
    path = request.path.rstrip("/")
    if request.method != "GET":
        raise method_not_allowed()
    if any(path == health or path.startswith(f"{health}/") for health in _HEALTH):
        return Response(OK, b"ok", TEXT)
    found = discovery.document(request.path)
    if found is None:
        raise no_such_path()
    _require_json(request)
    return reply(OK, found)


def _require_json(request: Request) -> None:
    accepted = request.headers.get("accept", "*/*") or "*/*"
    if not any(kind in accepted for kind in ("application/json", "*/*", "application/*")):
        message = "only the following media types are accepted: application/json"
        raise Refused(NOT_ACCEPTABLE, message)


def _attempt(asked: str, about: Target, query: Mapping[str, str]) -> Attempt:
    name = about.name
    if not name and asked in ("list", "watch", "deletecollection"):
        terms = [term.strip() for term in query.get("fieldSelector", "").split(",")]
        name = next((term.partition("=")[2] for term in terms if term.startswith("metadata.name=")), "").lstrip("=")
    namespace = about.namespace
    if about.resource.plural == "namespaces" and about.name:
        namespace = about.name  # as the real one: a role in a namespace may let it be read
    return Attempt(asked, about.resource.group, about.full, namespace, name)


def _writer(about: Target, request: Request) -> Writer:
    agent = request.headers.get("user-agent", "").partition("/")[0] or "unknown"
    return Writer(request.query.get("fieldManager") or agent, about.subresource)


def _dry(query: Mapping[str, str]) -> bool:
    return query.get("dryRun") == "All"


def _options(request: Request) -> dict[str, Any]:
    """Return the options of a deletion, from body or query."""
    options = request.json() if request.body.strip() else {}
    options = {
        name: value for name, value in options.items() if name not in ("kind", "apiVersion") and value is not None
    }
    query = request.query
    if "gracePeriodSeconds" in query:
        options["gracePeriodSeconds"] = query["gracePeriodSeconds"]
    for name in ("propagationPolicy", "orphanDependents"):
        if name in query:
            options[name] = query[name]
    grace = options.get("gracePeriodSeconds")
    if grace is not None and not str(grace).isdecimal():
        msg = f'invalid gracePeriodSeconds: "{grace}"'
        raise bad_request(msg)
    return options
