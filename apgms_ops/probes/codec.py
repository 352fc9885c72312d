"""Facts to JSON and back, by the type that a probe's return annotation names."""

import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from apgms_ops.errors import ConfigurationError, EvidenceInvalid, Unobserved
from apgms_ops.observation import canonical, digest
from apgms_ops.probes.probe import Probe

T = TypeVar("T")

_SCALARS = (str, int, float, bool, types.NoneType, datetime, timedelta, Decimal)
_UNIONS = (types.UnionType, typing.Union)


class FactsCodec:
    """Encodes and decodes the facts of one probe. What it encodes, it decodes to an equal value, or it refuses."""

    def __init__(self, probe: Probe) -> None:
        """Take the type from the probe's return annotation.

        Raises:
            ConfigurationError: There is none, or it is not a frozen dataclass of types that JSON can carry; the text
                names the probe, its line and the part that is at fault.
        """
        # Imported here: a run without checks needs no models.
        from pydantic import TypeAdapter  # noqa: PLC0415
        from pydantic.errors import PydanticUserError  # noqa: PLC0415

        self.facts_type = _facts_type(probe)
        try:
            _require_serialisable(self.facts_type, self.facts_type.__name__, {})
            self._adapter: TypeAdapter[Any] = TypeAdapter(self.facts_type)
        except (TypeError, NameError, PydanticUserError) as error:
            msg = f"{probe.location}: the facts of probe {probe.name!r} cannot be recorded: {error}"
            raise ConfigurationError(msg) from error

    @functools.cached_property
    def schema(self) -> str:
        """The name of the facts' type, with a fingerprint of its structure: another structure, another version."""
        structure = canonical(_without_prose(self._adapter.json_schema(mode="serialization")))
        return f"{self.facts_type.__name__}@{digest(structure)[:12]}"

    def encode(self, facts: object, redact: Callable[[str], str]) -> Any:  # noqa: ANN401 — JSON
        """Return facts as JSON, their texts redacted.

        Raises:
            Unobserved: They are not of the promised type, hold what JSON cannot carry (NaN, infinity, a time without
                its zone), or would not come back from it as they are.
        """
        if not isinstance(facts, self.facts_type):
            msg = f"promised {self.facts_type.__name__}, returned {type(facts).__name__}"
            raise Unobserved(msg)
        if _holds_naive_time(facts):
            msg = f"{self.facts_type.__name__} holds a time without its zone, so nobody knows when it was"
            raise Unobserved(msg)
        plain = self._adapter.dump_python(facts, mode="json", warnings="error")
        data = _redacted(plain, redact)
        try:
            canonical(data)
        except ValueError as error:
            msg = f"{self.facts_type.__name__} holds a value that JSON cannot carry: {error}"
            raise Unobserved(msg) from error
        # Checks judge what comes back from JSON. A subclass, or the second of two alike in a union, comes back as
        # something else, which answers a check's question in its own way.
        if self.decode(plain) != facts:
            msg = f"{self.facts_type.__name__} does not come back from JSON as it was: a subclass, or an unclear union?"
            raise Unobserved(msg)
        return data

    def decode(self, data: object) -> Any:  # noqa: ANN401 — the probe's own type
        """Return facts from their JSON.

        Raises:
            EvidenceInvalid: They do not fit today's type.
        """
        try:
            return self._adapter.validate_python(data)
        except ValueError as error:
            first = str(error).splitlines()
            msg = f"recorded facts do not fit {self.schema}: {'; '.join(first[:3])}"
            raise EvidenceInvalid(msg) from error


def _facts_type(probe: Probe) -> type:
    try:
        hints = typing.get_type_hints(probe.function)
    except (NameError, TypeError, AttributeError):
        # Its parameters may name clients that are imported for type checking alone; its facts may not.
        hints = {"return": _evaluate(probe)}
    facts = hints.get("return")
    if not isinstance(facts, type) or not dataclasses.is_dataclass(facts) or not _is_frozen(facts):
        msg = f"{probe.location}: probe {probe.name!r} must return facts: annotate it with a frozen dataclass"
        raise ConfigurationError(msg)
    return facts


def _evaluate(probe: Probe) -> object:
    annotation = probe.function.__annotations__.get("return")
    if isinstance(annotation, str):
        return probe.function.__globals__.get(annotation)
    return annotation


def _is_frozen(facts: type) -> bool:
    return bool(facts.__dataclass_params__.frozen)  # type: ignore[attr-defined]


def _require_serialisable(kind: Any, where: str, seen: dict[type, None]) -> None:  # noqa: ANN401 — a type form
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind in _SCALARS or kind is None or origin is typing.Literal:
        return
    if origin in _UNIONS:
        for argument in arguments:
            _require_serialisable(argument, where, seen)
    elif origin is tuple and len(arguments) == 2 and arguments[1] is ...:  # noqa: PLR2004 — tuple[X, ...]
        _require_serialisable(arguments[0], f"{where}[]", seen)
    elif origin in (dict, Mapping) and arguments[0] is str:
        _require_serialisable(arguments[1], f"{where}{{}}", seen)
    elif isinstance(kind, type) and issubclass(kind, enum.Enum):
        return
    elif isinstance(kind, type) and dataclasses.is_dataclass(kind) and _is_frozen(kind):
        if kind in seen:
            return
        seen[kind] = None
        hints = typing.get_type_hints(kind)
        for field in dataclasses.fields(kind):
            _require_serialisable(hints[field.name], f"{where}.{field.name}", seen)
    else:
        name = getattr(kind, "__name__", None) if not arguments else None
        msg = (
            f"{where} is {name or kind}; facts are frozen dataclasses of str, int, float, bool, datetime, timedelta, "
            "Decimal, enums, tuple[X, ...] and dict[str, X]"
        )
        raise TypeError(msg)


def _without_prose(schema: Any) -> Any:  # noqa: ANN401 — JSON
    if isinstance(schema, dict):
        prose = {"title", "description"} if "type" in schema or "$ref" in schema or "anyOf" in schema else set()
        return {key: _without_prose(value) for key, value in schema.items() if key not in prose}
    if isinstance(schema, list):
        return [_without_prose(item) for item in schema]
    return schema


def _holds_naive_time(facts: object) -> bool:
    if isinstance(facts, datetime):
        return facts.tzinfo is None
    if dataclasses.is_dataclass(facts):
        return any(_holds_naive_time(getattr(facts, field.name)) for field in dataclasses.fields(facts))
    if isinstance(facts, Mapping):
        return any(_holds_naive_time(value) for value in facts.values())
    return isinstance(facts, tuple) and any(_holds_naive_time(item) for item in facts)


def _redacted(data: Any, redact: Callable[[str], str]) -> Any:  # noqa: ANN401 — JSON
    if isinstance(data, str):
        return redact(data)
    if isinstance(data, dict):
        return {key: _redacted(value, redact) for key, value in data.items()}
    if isinstance(data, list):
        return [_redacted(item, redact) for item in data]
    return data
