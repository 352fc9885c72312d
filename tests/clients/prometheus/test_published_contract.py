"""Our parsers beside the API description that Prometheus itself publishes, where a copy of it is at hand."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apgms_ops.clients.http import Answer
from apgms_ops.clients.prometheus import parse, parse_status
from apgms_ops.clients.prometheus.envelope import data_of
from apgms_ops.errors import BadAnswer, Unobserved, Unreachable
from apgms_ops.redact import Redactor

Schema = dict[str, Any]
PARSERS = {
    "/query": parse.result,
    "/query_range": parse.result,
    "/rules": parse_status.rules,
    "/alerts": parse_status.alerts,
    "/targets": parse_status.targets,
    "/status/buildinfo": parse_status.build,
}
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
}


def _contract() -> Schema:
    root = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").is_file())
    path = root.parent / "shared" / "contracts" / "prometheus.json"
    if not path.is_file():
        pytest.skip("no copy of Prometheus's API description at ../shared/contracts/prometheus.json")
    found: Schema = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def contract() -> Schema:
    """The API description."""
    return _contract()


def problems(value: object, schema: Schema, contract: Schema, where: str = "$") -> list[str]:  # noqa: C901 — a case each
    """Return where a value breaks a schema; of JSON Schema, what this description uses."""
    if "$ref" in schema:
        return problems(value, contract["components"]["schemas"][schema["$ref"].rpartition("/")[2]], contract, where)
    for key in ("oneOf", "anyOf"):
        if key in schema:
            tried = [problems(value, option, contract, where) for option in schema[key]]
            return [] if any(not found for found in tried) else min(tried, key=len)
    kind = schema["type"]
    if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return [f"{where} is not {kind}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where} is none of {schema['enum']}"]
    found: list[str] = []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        found += [f"{where}.{key} is missing" for key in schema.get("required", []) if key not in value]
        found += [
            f"{where}.{key} is not known"
            for key in value
            if key not in known and schema.get("additionalProperties") is False
        ]
        for key in known.keys() & value.keys():
            found += problems(value[key], known[key], contract, f"{where}.{key}")
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            found.append(f"{where} has {len(value)} items")
        for i, item in enumerate(value):
            found += problems(item, schema["items"], contract, f"{where}[{i}]")
    return found


def generated(schema: Schema, contract: Schema) -> st.SearchStrategy[Any]:  # noqa: PLR0911 — a case each
    """Return a strategy of what a schema allows, sane or not."""
    if "$ref" in schema:
        return generated(contract["components"]["schemas"][schema["$ref"].rpartition("/")[2]], contract)
    for key in ("oneOf", "anyOf"):
        if key in schema:
            return st.one_of(*(generated(option, contract) for option in schema[key]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema["type"]
    if kind == "object":
        required = set(schema.get("required", []))
        known = {key: generated(inner, contract) for key, inner in schema.get("properties", {}).items()}
        return st.fixed_dictionaries(
            {key: inner for key, inner in known.items() if key in required},
            optional={key: inner for key, inner in known.items() if key not in required},
        )
    if kind == "array":
        low = schema.get("minItems", 0)
        return st.lists(generated(schema["items"], contract), min_size=low, max_size=schema.get("maxItems", 2))
    if kind == "string":
        return st.text(max_size=8) | st.sampled_from(["1", "NaN", "2026-01-02T13:36:56.874Z", "ok", "up"])
    return st.integers(-(10**6), 10**9)


def answer(body: object, status: int = 200) -> Answer:
    """Return a body as an answer."""
    return Answer("Prometheus", status, {"content-type": "application/json"}, json.dumps(body).encode(), Redactor())


def examples(contract: Schema, path: str, code: str) -> list[Any]:
    """Return the description's examples of one answer."""
    content = contract["paths"][path]["get"]["responses"][code]["content"]["application/json"]
    return [example["value"] for example in content["examples"].values()]


@pytest.mark.parametrize("path", sorted(PARSERS))
def test_every_example_of_a_success_is_read(contract: Schema, path: str) -> None:
    """What the description shows as an answer becomes facts."""
    found = examples(contract, path, "200")
    assert found
    for body in found:
        PARSERS[path](data_of(answer(body)))


@pytest.mark.parametrize("path", sorted(PARSERS))
def test_every_example_of_an_error_is_an_error(contract: Schema, path: str) -> None:
    """The description's "TSDB not ready" is a server that is not ready."""
    for body in examples(contract, path, "default"):
        assert problems(body, {"$ref": "#/components/schemas/Error"}, contract) == []
        with pytest.raises(Unreachable):
            data_of(answer(body, 500))


@pytest.mark.parametrize("path", sorted(PARSERS))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(data=st.data())
def test_whatever_the_description_allows_is_facts_or_an_error_of_ours(path: str, data: st.DataObject) -> None:
    """An answer that fits the schema and makes no sense is refused by name, never by accident."""
    contract = _contract()
    content = contract["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    body = data.draw(generated(content["schema"], contract))
    try:
        PARSERS[path](data_of(answer(body)))
    except Unobserved:
        return


@settings(deadline=None)
@given(
    values=st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from(["job", "instance"]), st.text(max_size=4)),
            st.integers(0, 10**10),
            st.floats().map(lambda f: {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}.get(repr(f), repr(f))),
        ),
        max_size=4,
    )
)
def test_what_we_accept_fits_the_description(values: list[tuple[dict[str, str], int, str]]) -> None:
    """A vector that our parser takes is one that the description allows."""
    contract = _contract()
    result = [{"metric": labels, "value": [at, wire]} for labels, at, wire in values]
    body = {"status": "success", "data": {"resultType": "vector", "result": result}}
    try:
        parse.result(data_of(answer(body)))
    except BadAnswer:
        return
    assert problems(body, {"$ref": "#/components/schemas/QueryOutputBody"}, contract) == []
