"""What S3 answers, made facts, with answers that are not what they should be."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apgms_ops.clients.objectstore import Ageing, Copying, Listed, parse, parse_bucket
from apgms_ops.clients.objectstore.listing import objects
from apgms_ops.clients.objectstore.survey import survey
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer, Incomplete

AT = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
ARN = "arn:aws:s3:::apgms-copies"


def item(key: str, seconds: int = 0) -> dict[str, Any]:
    """Return an entry of a listing."""
    return {"Key": key, "Size": 1, "LastModified": AT + timedelta(seconds=seconds)}


def page(*keys: str, following: str | None = None) -> dict[str, Any]:
    """Return a page of a listing of `a/`."""
    made = {"Name": "b", "Prefix": "a/", "KeyCount": len(keys), "IsTruncated": following is not None}
    return (
        made | {"Contents": [item(key) for key in keys]} | ({"NextContinuationToken": following} if following else {})
    )


class Pages:
    """A connection that answers with pages, and counts how often it is asked."""

    bucket, source = "b", "s3://b"

    def __init__(self, *pages: dict[str, Any]) -> None:
        """Take them; the last is given again and again."""
        self.pages = pages
        self.asked: list[object] = []

    def ask(self, _verb: str, _deadline: Deadline, **arguments: object) -> dict[str, Any]:
        """Return the next."""
        self.asked.append(arguments.get("ContinuationToken"))
        return self.pages[min(len(self.asked), len(self.pages)) - 1]


def listed(pages: Pages, most: int = 100) -> Iterator[Listed]:
    """List them."""
    return objects(pages, "a/", Deadline(5), most)  # type: ignore[arg-type]  # asks as a connection does


def test_a_listing_asks_as_often_as_there_are_pages() -> None:
    """An empty page among them is one of them, and none is asked for before it is wanted."""
    pages = Pages(page("a/1", following="x"), page(following="y"), page("a/2"))
    found = listed(pages)
    assert next(found).key == "a/1"
    assert pages.asked == [None]
    assert [one.key for one in found] == ["a/2"]
    assert pages.asked == [None, "x", "y"]


def test_a_listing_that_goes_round_in_a_circle_is_refused() -> None:
    """Also where it takes more than one step to come back."""
    pages = Pages(page(following="x"), page(following="y"), page(following="x"))
    with pytest.raises(BadAnswer, match="leads back"):
        list(listed(pages))
    assert len(pages.asked) == 3


def test_a_listing_that_is_cut_says_so() -> None:
    """At the cap it is whole; beyond it, it is not known what is there."""
    assert len(list(listed(Pages(page("a/1", "a/2")), most=2))) == 2
    with pytest.raises(Incomplete, match="more than 1 objects"):
        list(listed(Pages(page("a/1", "a/2")), most=1))


@pytest.mark.parametrize(
    "different",
    [
        {"Name": "another"},
        {"Prefix": "b/"},
        {"KeyCount": 2},
        {"KeyCount": None},
        {"Contents": {}},
        {"IsTruncated": None},
        {"IsTruncated": "false"},
        {"IsTruncated": True},
        {"Contents": [item("b/1")]},
        {"Contents": [item("a/1") | {"Size": -1}]},
        {"Contents": [item("a/1") | {"Size": True}]},
        {"Contents": [item("a/1") | {"LastModified": datetime(2026, 11, 27, 3, 0)}]},  # noqa: DTZ001 — that is it
    ],
)
def test_a_page_that_is_not_what_was_asked_for_is_no_answer(different: dict[str, Any]) -> None:
    """An empty document, of a proxy say, is no empty bucket."""
    with pytest.raises(BadAnswer):
        list(listed(Pages(page("a/1") | different)))
    with pytest.raises(BadAnswer):
        list(listed(Pages({})))


def test_a_survey_keeps_the_ends_alone() -> None:
    """Of thousands, in whatever order they come; of one second, the later name counts as newer."""
    many = [Listed(f"a/{n:05}", 2, AT + timedelta(seconds=n * 7919 % 5000)) for n in range(5000)]
    found = survey(iter(many), 2)
    by_age = sorted(many, key=lambda one: one.modified)
    assert (found.count, found.size) == (5000, 10_000)
    assert found.newest == tuple(reversed(by_age[-2:]))
    assert found.oldest == tuple(by_age[:2])
    assert survey(iter([Listed("a", 0, AT), Listed("b", 0, AT)]), 1).newest[0].key == "b"
    assert survey(iter(()), 3).newest == ()


def test_an_objects_own_encryption_is_told() -> None:
    """None of what S3 says nothing of; and a bucket that keeps no versions names none."""
    head = {"ContentLength": 3, "LastModified": AT, "Metadata": {}}
    plain = parse.stored("k", head)
    assert (plain.encryption, plain.replication, plain.version) == (None, None, "null")
    kept = parse.stored("k", head | {"ServerSideEncryption": "aws:kms", "ReplicationStatus": "FAILED"})
    assert (kept.encryption, kept.replication) == ("aws:kms", "FAILED")
    with pytest.raises(BadAnswer):
        parse.stored("k", head | {"ServerSideEncryption": ""})


@pytest.mark.parametrize(
    ("about", "prefix", "narrowed"),
    [
        ({"Prefix": "kafka/"}, "kafka/", False),
        ({"Prefix": ""}, "", False),
        ({"Filter": {}}, "", False),
        ({"Filter": {"Prefix": "kafka/"}}, "kafka/", False),
        ({"Filter": {"Tag": {"Key": "a", "Value": "b"}}}, "", True),
        ({"Filter": {"And": {"Prefix": "kafka/", "Tags": [{"Key": "a", "Value": "b"}]}}}, "kafka/", True),
    ],
)
def test_what_a_rule_is_about_is_read_in_each_form(about: dict[str, Any], prefix: str, narrowed: bool) -> None:  # noqa: FBT001 — an expectation
    """As rules were written of old, and as they are now."""
    rule = {"ID": "r", "Status": "Enabled", "Destination": {"Bucket": ARN, "Account": "1"}} | about
    (found,) = parse_bucket.copying({"ReplicationConfiguration": {"Role": "x", "Rules": [rule]}})
    assert found == Copying("r", True, prefix, narrowed, "apgms-copies", "1")  # noqa: FBT003 — its fields


@pytest.mark.parametrize(
    "different",
    [
        {"Status": "Paused"},
        {"Status": None},
        {"Destination": None},
        {"Destination": {"Bucket": "apgms-copies"}},
        {"Destination": {"Bucket": "arn:aws:s3:::../other"}},
        {"Filter": "all"},
        {"Prefix": 3},
    ],
)
def test_a_rule_of_replication_that_is_malformed_is_no_answer(different: dict[str, Any]) -> None:
    """A state that we do not know is not taken for enabled."""
    rule = {"ID": "r", "Status": "Enabled", "Destination": {"Bucket": ARN}} | different
    with pytest.raises(BadAnswer):
        parse_bucket.copying({"ReplicationConfiguration": {"Rules": [rule]}})
    for rules in ([], None, ["x"]):
        with pytest.raises(BadAnswer):
            parse_bucket.copying({"ReplicationConfiguration": {"Rules": rules}})


def test_what_a_lifecycle_does_is_told() -> None:
    """Cleaning up delete markers and old versions removes nothing that is there."""
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "pgbackrest/"}}
    harmless = rule | {
        "Expiration": {"ExpiredObjectDeleteMarker": True},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
    }
    moving = rule | {"Transitions": [{"Days": 1, "StorageClass": "GLACIER"}], "Expiration": {"Days": 30}}
    assert parse_bucket.ageing({"Rules": [harmless, moving]}) == (
        Ageing("r", True, "pgbackrest/", False, False, ()),  # noqa: FBT003 — its fields
        Ageing("r", True, "pgbackrest/", False, True, ("GLACIER",)),  # noqa: FBT003 — its fields
    )


@pytest.mark.parametrize("answer", [{}, {"PolicyStatus": {}}, {"PolicyStatus": {"IsPublic": "false"}}])
def test_whether_a_policy_is_public_is_never_guessed(answer: dict[str, Any]) -> None:
    """Only yes and no are answers."""
    with pytest.raises(BadAnswer):
        parse_bucket.public(answer)
