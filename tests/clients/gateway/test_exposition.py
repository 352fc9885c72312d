"""Prometheus's text format."""

import math

import pytest

from apgms_ops.clients.gateway.exposition import families
from apgms_ops.errors import BadAnswer


def test_samples_are_read_with_their_labels() -> None:
    """Names, labels with escapes, values, and timestamps that are passed over."""
    text = '# TYPE a_total counter\na_total{x="1",y="q\\"\\\\\\n,}"} 1.5e+03\nup 1 1700000000000\nb{le="+Inf",} NaN\n'
    found = families(text)
    assert {name: family.kind for name, family in found.items()} == {
        "a_total": "counter",
        "up": "untyped",
        "b": "untyped",
    }
    (sample,) = found["a_total"].samples
    assert (sample.labels, sample.value) == ({"x": "1", "y": 'q"\\\n,}'}, 1500.0)
    assert found["b"].samples[0].labels == {"le": "+Inf"}
    assert math.isnan(found["b"].samples[0].value)


def test_a_histogram_is_one_metric() -> None:
    """Buckets, count and sum belong together; a counter that merely ends so does not."""
    text = '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_count 2\nh_sum 3\n'
    found = families(f"{text}# TYPE c counter\nc_count 1\n")
    assert [sample.name for sample in found["h"].samples] == ["h_bucket", "h_bucket", "h_count", "h_sum"]
    assert [sample.name for sample in found["c_count"].samples] == ["c_count"]


@pytest.mark.parametrize(
    "text",
    [
        "<html>",
        "a{x=1} 1",
        'a{x="1" 1',
        'a{x="1",x="2"} 1',
        "a one",
        "a",
        'a{x="\\t"} 1',
        "a 1\na 2",
        "1a 1",
        "# TYPE a gauge\n# TYPE a gauge",
    ],
)
def test_what_is_no_sample_is_a_bad_answer(text: str) -> None:
    """A line that is none, labels that are malformed and a series that is there twice are named by their line."""
    with pytest.raises(BadAnswer, match=r"metrics, line \d"):
        families(text)
