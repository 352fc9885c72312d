"""The errors of the API: each is answered with a `Status` object, as a real API server's are."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from apgms_ops.sandbox.kubernetes_process.kinds import Object, Resource

OK: Final = 200
CREATED: Final = 201
BAD_REQUEST: Final = 400
UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
METHOD_NOT_ALLOWED: Final = 405
NOT_ACCEPTABLE: Final = 406
CONFLICT: Final = 409
GONE: Final = 410
TOO_LARGE: Final = 413
UNSUPPORTED: Final = 415
INVALID: Final = 422
TOO_MANY: Final = 429
INTERNAL: Final = 500
UNAVAILABLE: Final = 503
TIMEOUT: Final = 504

REASONS: Final = {
    BAD_REQUEST: "BadRequest",
    UNAUTHORIZED: "Unauthorized",
    FORBIDDEN: "Forbidden",
    NOT_FOUND: "NotFound",
    METHOD_NOT_ALLOWED: "MethodNotAllowed",
    NOT_ACCEPTABLE: "NotAcceptable",
    CONFLICT: "Conflict",
    GONE: "Expired",
    TOO_LARGE: "RequestEntityTooLarge",
    UNSUPPORTED: "UnsupportedMediaType",
    INVALID: "Invalid",
    TOO_MANY: "TooManyRequests",
    INTERNAL: "InternalError",
    UNAVAILABLE: "ServiceUnavailable",
    TIMEOUT: "Timeout",
}


class Refused(Exception):
    """A request that is answered with a Status of failure."""

    def __init__(self, code: int, message: str, *, reason: str = "", details: Mapping[str, Any] | None = None) -> None:
        """Say how to answer; the reason is that of the code, unless another is given."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason or REASONS.get(code, "")
        self.details = dict(details or {})

    def status(self) -> Object:
        """Return the Status."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            **({"details": self.details} if self.details else {}),
            "code": self.code,
        }


def success(resource: Resource, name: str, uid: str) -> Object:
    """Return the Status that tells of a deletion."""
    details = {**_details(resource, name), "uid": uid}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def not_found(resource: Resource, name: str) -> Refused:
    """There is no such object."""
    return Refused(NOT_FOUND, f'{resource.qualified} "{name}" not found', details=_details(resource, name))


def no_such_path() -> Refused:
    """There is nothing of the kind at all."""
    return Refused(NOT_FOUND, "the server could not find the requested resource")


def bad_request(message: str) -> Refused:
    """The request makes no sense, or asks for what the stand-in cannot do honestly."""
    return Refused(BAD_REQUEST, message)


def unauthorized() -> Refused:
    """Nobody is known by this token."""
    return Refused(UNAUTHORIZED, "Unauthorized")


def exists(resource: Resource, name: str) -> Refused:
    """There is such an object already."""
    return Refused(
        CONFLICT,
        f'{resource.qualified} "{name}" already exists',
        reason="AlreadyExists",
        details=_details(resource, name),
    )


def conflict(resource: Resource, name: str, why: str = "") -> Refused:
    """The object is another one by now."""
    because = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {because}'
    return Refused(CONFLICT, message, details=_details(resource, name))


def invalid(resource: Resource, name: str, causes: Sequence[tuple[str, str]]) -> Refused:
    """Some fields (each with what is wrong about it) make no object."""
    told = [f"{field}: {message}" for field, message in causes]
    text = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
    details = {
        "name": name,
        **({"group": resource.group} if resource.group else {}),
        "kind": resource.kind,
        "causes": [{"reason": _cause(message), "message": message, "field": field} for field, message in causes],
    }
    return Refused(INVALID, f'{resource.qualified_kind} "{name}" is invalid: {text}', details=details)


def method_not_allowed(what: str = "the server does not allow this method on the requested resource") -> Refused:
    """The path is there, and cannot be used so."""
    return Refused(METHOD_NOT_ALLOWED, what)


def expired(message: str) -> Refused:
    """What was asked for is too long ago."""
    return Refused(GONE, message)


def too_large(wanted: int, current: int) -> Refused:
    """Nobody has given out this version yet."""
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    message = f"Timeout: Too large resource version: {wanted}, current: {current}"
    return Refused(TIMEOUT, message, details={"causes": causes, "retryAfterSeconds": 1})


def internal(message: str) -> Refused:
    """Something behind the API server failed."""
    return Refused(INTERNAL, message, details={"causes": [{"message": message}]})


def _details(resource: Resource, name: str) -> dict[str, Any]:
    group = {"group": resource.group} if resource.group else {}
    return {"name": name, **group, "kind": resource.plural}


def _cause(message: str) -> str:
    beginnings = {
        "Required value": "FieldValueRequired",
        "Forbidden": "FieldValueForbidden",
        "Unsupported value": "FieldValueNotSupported",
        "Duplicate value": "FieldValueDuplicate",
    }
    return next((reason for begin, reason in beginnings.items() if message.startswith(begin)), "FieldValueInvalid")
