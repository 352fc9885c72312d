"""Facts come back from JSON as they were, or are refused."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from apgms_ops.errors import Unobserved
from apgms_ops.plugin.fixtures import packaged_modules
from apgms_ops.probes import Probe, probe
from apgms_ops.probes.codec import FactsCodec

AT = datetime(2026, 11, 23, 2, 0, 0, 123456, tzinfo=UTC)


@dataclass(frozen=True)
class Calm:
    """A part that finds nothing."""

    value: int


@dataclass(frozen=True)
class Alarmed:
    """A part of the same shape that finds something."""

    value: int


@dataclass(frozen=True)
class CalmAndMore(Calm):
    """A subclass of a part."""

    more: int = 0


@dataclass(frozen=True)
class Facts:
    """Facts with every kind of part."""

    part: Calm | Alarmed = Calm(1)
    when: datetime = AT
    times: tuple[datetime, ...] = ()
    lasted: timedelta = timedelta(days=-1, microseconds=1)
    amount: Decimal = Decimal("1.10")
    named: dict[str, float] | None = None


@probe()
def gives() -> Facts:
    """It is never made."""
    raise NotImplementedError


@pytest.fixture
def codec() -> FactsCodec:
    """The codec of those facts."""
    return FactsCodec(gives)


@pytest.mark.parametrize(
    "facts", [Facts(), Facts(named={"a": 0.1}, times=(AT,), when=datetime.max.replace(tzinfo=UTC)), Facts(Calm(-1))]
)
def test_facts_come_back_as_they_were(codec: FactsCodec, facts: Facts) -> None:
    """What is encoded is decoded to an equal value."""
    assert codec.decode(codec.encode(facts, str)) == facts


@pytest.mark.parametrize("part", [Alarmed(1), CalmAndMore(1)], ids=["second of two alike", "subclass"])
def test_facts_that_would_come_back_as_something_else_are_refused(codec: FactsCodec, part: Calm | Alarmed) -> None:
    """A check would put its question to another class than the probe gave."""
    with pytest.raises(Unobserved, match="does not come back from JSON as it was"):
        codec.encode(Facts(part), str)


@pytest.mark.parametrize("field", ["when", "times"])
def test_a_time_without_its_zone_is_refused(codec: FactsCodec, field: str) -> None:
    """Nobody knows when it was."""
    naive = AT.replace(tzinfo=None)
    with pytest.raises(Unobserved, match="a time without its zone"):
        codec.encode(Facts(when=naive) if field == "when" else Facts(times=(AT, naive)), str)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(codec: FactsCodec, number: float) -> None:
    """Neither NaN nor infinity is recorded as a number."""
    with pytest.raises(Unobserved, match="a value that JSON cannot carry"):
        codec.encode(Facts(named={"a": number}), str)


def test_a_masked_text_is_still_recorded() -> None:
    """That a secret was masked in them does not make facts unrecordable."""

    @dataclass(frozen=True)
    class Said:
        words: str

    def gives_words() -> Said:
        """It is never made."""
        raise NotImplementedError

    gives_words.__annotations__["return"] = Said
    codec = FactsCodec(probe()(gives_words))
    assert codec.encode(Said("token abc"), lambda text: text.replace("abc", "********")) == {"words": "token ********"}


def test_the_facts_of_every_packaged_probe_can_be_recorded() -> None:
    """A run builds the codecs of what it plans alone, so here each is built."""
    found = (p for module in packaged_modules() for p in vars(module).values() if isinstance(p, Probe))
    packaged = {p.name: p for p in found}.values()
    assert len(packaged) > 20
    assert all(FactsCodec(one).schema.startswith(FactsCodec(one).facts_type.__name__) for one in packaged)
