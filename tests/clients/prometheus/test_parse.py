"""Results of queries: what Prometheus may write becomes facts, and everything else a bad answer."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apgms_ops.clients.prometheus import parse
from apgms_ops.clients.prometheus.facts import Matrix, NotFinite, Sample, Text, Vector
from apgms_ops.errors import BadAnswer, Unobserved

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["metric", "value", "values", "histogram", "histograms", "resultType", "result", "count"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
KIND = st.sampled_from(["vector", "matrix", "scalar", "string", "tensor"])


def vector(*values: object) -> dict[str, object]:
    """Return the data of an instant query."""
    return {"resultType": "vector", "result": [{"metric": {"a": "b"}, "value": [1.5, value]} for value in values]}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_is_read_exactly(number: float) -> None:
    """A number that Go prints is the number that we compare."""
    found = parse.result(vector(repr(number)))
    assert isinstance(found, Vector)
    assert math.copysign(1, found.samples[0].value) == math.copysign(1, number)
    assert found.samples[0].value == number


@given(KIND, JSON)
def test_nothing_but_a_bad_answer_comes_of_nonsense(kind: str, result: object) -> None:
    """Whatever stands where a result should be, it is facts or a bad answer, never another error."""
    try:
        found = parse.result({"resultType": kind, "result": result})
    except BadAnswer:
        return
    assert isinstance(found, Vector | Matrix | Sample | Text)


@pytest.mark.parametrize(
    ("wire", "form"), [("NaN", NotFinite.NAN), ("+Inf", NotFinite.INFINITE), ("-Inf", NotFinite.MINUS_INFINITE)]
)
def test_what_is_no_number_is_explicit_and_raises_where_it_is_used_as_one(wire: str, form: NotFinite) -> None:
    """NaN and the infinities are legal answers, and no check can compare with them unawares."""
    found = parse.result(vector(wire))
    assert isinstance(found, Vector)
    sample = found.samples[0]
    assert (sample.number, sample.not_finite) == (None, form)
    with pytest.raises(Unobserved, match=r'\{a="b"\}, which is no number'):
        _ = sample.value


@pytest.mark.parametrize(
    "wire", ["", " 1", "1_000", "infinity", "nan", "0x1p3", "1e999", "\u0661", 1, None, True, ["1"]]
)
def test_what_go_does_not_write_is_a_bad_answer(wire: object) -> None:
    """A value is a string that holds a number as Go writes it, and nothing else that Python would take for one."""
    with pytest.raises(BadAnswer):
        parse.result(vector(wire))


def test_an_empty_vector_is_empty_and_not_zero() -> None:
    """No series is no sample."""
    assert parse.result({"resultType": "vector", "result": []}) == Vector(())


def test_a_scalar_and_a_string_are_told_apart_from_a_vector() -> None:
    """Every result type becomes a fact of its own."""
    at = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert parse.result({"resultType": "scalar", "result": [1, "42"]}) == Sample({}, at, 42.0)
    assert parse.result({"resultType": "string", "result": [1, "x"]}) == Text(at, "x")


def test_a_native_histogram_is_kept_apart_from_numbers() -> None:
    """A series without a single value is not among the samples."""
    wire = {"metric": {}, "histogram": [1, {"count": "12.5", "sum": "NaN", "buckets": []}]}
    found = parse.result({"resultType": "vector", "result": [wire]})
    assert isinstance(found, Vector)
    assert found.samples == ()
    assert (found.histograms[0].count, found.histograms[0].sum) == (12.5, None)


@pytest.mark.parametrize(
    "item",
    [
        {"value": [1, "1"]},
        {"metric": {"a": 1}, "value": [1, "1"]},
        {"metric": {}},
        {"metric": {}, "value": [1]},
        {"metric": {}, "value": [True, "1"]},
        {"metric": {}, "value": [1e300, "1"]},
        {"metric": {"a": "\ud800"}, "value": [1, "1"]},
        {"metric": {}, "histogram": [1, {"sum": "1"}]},
        {"metric": {}, "histogram": [1, {"count": "-1", "sum": "1"}]},
    ],
)
def test_a_sample_that_lacks_a_part_is_a_bad_answer(item: object) -> None:
    """Labels, time and value are all required, each of its type."""
    with pytest.raises(BadAnswer):
        parse.result({"resultType": "vector", "result": [item]})
