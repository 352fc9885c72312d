"""The API description that GitHub itself publishes, and whether an answer is as it says."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apgms_ops.sandbox.world import World

Schema = dict[str, Any]
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
}


class Asker:
    """Asks the stand-in, as whoever has the token."""

    def __init__(self, world: World) -> None:
        """Take the token."""
        self.port = world.port("github")
        self.token = Path(world.get("github.token_file")).read_text(encoding="utf-8")

    def get(self, path: str, token: str | None = None) -> tuple[int, Any, http.client.HTTPMessage]:
        """Return status, JSON and headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path, headers={"Authorization": f"Bearer {token or self.token}"})
        answer = connection.getresponse()
        body = json.loads(answer.read() or b"null")
        connection.close()
        return answer.status, body, answer.headers


def problems(  # noqa: C901, PLR0912 — a case each
    value: object, schema: Schema, contract: Schema, where: str = "$"
) -> Iterator[str]:
    """Yield where a value breaks a schema; of JSON Schema, what this description uses."""
    if "$ref" in schema:
        yield from problems(
            value, contract["components"]["schemas"][schema["$ref"].rpartition("/")[2]], contract, where
        )
        return
    for option in ("anyOf", "oneOf"):
        if option in schema:
            tried = [list(problems(value, inner, contract, where)) for inner in schema[option]]
            if all(tried):
                yield from min(tried, key=len)
    for inner in schema.get("allOf", []):
        yield from problems(value, inner, contract, where)
    if value is None:
        if not schema.get("nullable"):
            yield f"{where} is null"
        return
    kind = schema.get("type")
    if kind is not None and (not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        yield f"{where} is not {kind}: {value!r:.60}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where} is none of {schema['enum']}"
    if isinstance(value, str) and not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        yield f"{where} is {len(value)} characters long"
    if isinstance(value, dict):
        yield from (f"{where}.{key} is missing" for key in schema.get("required", []) if key not in value)
        known = schema.get("properties", {})
        for key in known.keys() & value.keys():
            yield from problems(value[key], known[key], contract, f"{where}.{key}")
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from problems(item, schema.get("items", {}), contract, f"{where}[{i}]")
