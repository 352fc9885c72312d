"""What the model takes at a place in the file, in words: for error messages and for the reference of all keys."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt
from pydantic import Discriminator, Tag

from apgms_ops.environment.types import Expected, Model, SecretRef
from apgms_ops.secret import SecretReference

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the file: its dotted path, and the annotation that judges what stands there."""

    path: Path
    annotation: Any

    @property
    def secret(self) -> bool:
        """Whether a reference to a secret belongs here, so that what stands here may be a pasted secret."""
        return unwrap(self.annotation)[0] is SecretReference or self.annotation == SecretRef


def unwrap(annotation: Any) -> tuple[Any, tuple[Any, ...]]:  # noqa: ANN401 — annotations have no type
    """Return the bare type and its metadata, with Annotated and an optional None taken off."""
    metadata: tuple[Any, ...] = ()
    while True:
        if get_origin(annotation) is Annotated:
            metadata += annotation.__metadata__
            annotation = annotation.__origin__
            continue
        if get_origin(annotation) in {Union, UnionType}:
            rest = [a for a in get_args(annotation) if a is not NoneType]
            if len(rest) == 1:
                annotation = rest[0]
                continue
        return annotation, metadata


def model_of(annotation: Any) -> type[Model] | None:  # noqa: ANN401 — annotations have no type
    """Return the table's model, where a table of fixed keys is expected."""
    bare, _ = unwrap(annotation)
    return bare if isinstance(bare, type) and issubclass(bare, Model) else None


def fields(model: type[Model]) -> dict[str, Any]:
    """Return the keys of a table as the file writes them, each with its annotation."""
    return {
        field.alias or name: Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        for name, field in model.model_fields.items()
    }


def branches(annotation: Any) -> Mapping[str, Any]:  # noqa: ANN401 — annotations have no type
    """Return the alternatives of a tagged union by tag; none where it is no union."""
    bare, metadata = unwrap(annotation)
    if get_origin(bare) not in {Union, UnionType} or not any(isinstance(m, Discriminator) for m in metadata):
        return {}
    found: dict[str, Any] = {}
    for member in get_args(bare):
        model, tags = unwrap(member)
        named = [m.tag for m in tags if isinstance(m, Tag)] or get_args(model.model_fields["kind"].annotation)
        found[named[0]] = model
    return found


def step(annotation: Any, key: str | int) -> Any:  # noqa: ANN401 — annotations have no type
    """Return the annotation below `key`; None where the model has no such place."""
    bare, _ = unwrap(annotation)
    model = model_of(annotation)
    if model is not None:
        return fields(model).get(str(key))
    if get_origin(bare) is dict:
        return get_args(bare)[1]
    if get_origin(bare) is tuple:
        return get_args(bare)[0]
    return None


def resolve(root: type[Model], location: Path) -> Place:
    """Return the place of an error, with the tags that pydantic puts between keys taken out."""
    annotation: Any = root
    above: Any = None
    path: list[str | int] = []
    for key in location:
        if key == "[key]":  # the key of a table of free keys is wrong, not its value
            annotation = get_args(unwrap(above)[0])[0]
            continue
        alternatives = branches(annotation)
        if alternatives and key in alternatives:
            annotation = alternatives[str(key)]
            continue
        path.append(key)
        above, annotation = annotation, step(annotation, key)
    return Place(tuple(path), annotation)


def _number(noun: str, metadata: tuple[Any, ...]) -> str:
    bounds = [f" of at least {m.ge}" for m in _flat(metadata) if isinstance(m, Ge)]
    bounds += [f" above {m.gt}" for m in _flat(metadata) if isinstance(m, Gt)]
    return noun + "".join(bounds)


def _flat(metadata: tuple[Any, ...]) -> Iterator[Any]:
    for item in metadata:
        yield from getattr(item, "metadata", None) or (item,)


def expected(annotation: Any) -> str:  # noqa: ANN401 — annotations have no type
    """Say in words what is expected at a place."""
    bare, metadata = unwrap(annotation)
    said = [m.text for m in metadata if isinstance(m, Expected)]
    if said:
        return str(said[0])
    if branches(annotation):
        kinds = [kind for kind in branches(annotation) if kind not in {"present", "absent"}]
        return f"a table with kind = {' or '.join(_quoted(kinds))}" if kinds else "a table"
    if get_origin(bare) is Literal:
        return f"one of {', '.join(_quoted(get_args(bare)))}"
    if get_origin(bare) is tuple:
        return f"a list, each item {expected(get_args(bare)[0])}"
    model = model_of(annotation)
    if model is not None:
        required = [field.alias or name for name, field in model.model_fields.items() if field.is_required()]
        return f"a table with {', '.join(required)}" if required else "a table"
    simple = {
        bool: "true or false",
        str: "text",
        int: _number("a whole number", metadata),
        float: _number("a number", metadata),
    }
    return simple.get(bare, "a table")


def _quoted(values: tuple[Any, ...] | list[Any]) -> list[str]:
    return [f'"{value}"' for value in values]
