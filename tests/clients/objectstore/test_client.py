"""The client of an object store, on the sandbox's: moto over TLS, with signatures, policies and Object Lock."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from apgms_ops.clients.objectstore import COMPLIANCE, AlreadyThere, NotThere, ObjectStoreClient
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, BadAnswer, DeadlineExceeded, Incomplete, RateLimited, Unreachable
from apgms_ops.observation import Recorder
from apgms_ops.sandbox.asking import require
from apgms_ops.sandbox.faults.objectstore_tools import order
from apgms_ops.sandbox.objectstore import BUCKET, NAME, REGION
from apgms_ops.sandbox.world import World
from apgms_ops.secret import Secret
from tests.clients.objectstore.conftest import a_client

pytestmark = pytest.mark.sandbox

CONTENT = b"evidence" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
UNTIL = (datetime.now(UTC) + timedelta(days=400)).replace(microsecond=0)


def put(store: ObjectStoreClient, key: str, folder: Path, sha256: str = SHA256) -> None:
    """Store the content."""
    file = folder / "content"
    file.write_bytes(CONTENT)
    store.add(key, file, Deadline(20), sha256=sha256, until=UNTIL, metadata={"attestation": "a" * 64})


def test_a_new_bucket_is_protected(store: ObjectStoreClient) -> None:
    """As docs/evidence.md asks a site to make one."""
    bucket = store.bucket(Deadline(20))
    assert (bucket.region, bucket.versioned, bucket.locking, bucket.public) == (REGION, True, True, ())
    assert (bucket.default_mode, bucket.default_retention) == (COMPLIANCE, timedelta(days=400))
    assert bucket.encryption == "AES256"


@pytest.mark.parametrize(
    ("what", "field", "value"),
    [
        ("versioning", "versioned", False),
        ("lock", "locking", False),
        ("default-retention", "default_retention", timedelta(days=30)),
        ("default-mode", "default_mode", "GOVERNANCE"),
        ("encryption", "encryption", None),
        (
            "public-access-block",
            "public",
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"),
        ),
    ],
)
def test_what_is_not_set_is_a_fact(
    store: ObjectStoreClient, world: World, what: str, field: str, value: object
) -> None:
    """S3 answers with an error where something is not set: it is no reason not to know."""
    order(world, "/unprotect", {"what": what}, Deadline(20))
    try:
        assert getattr(store.bucket(Deadline(20)), field) == value
    finally:
        order(world, "/protect", {}, Deadline(20))
    assert getattr(store.bucket(Deadline(20)), field) != value


def test_what_is_stored_is_locked_whole_and_kept(store: ObjectStoreClient, tmp_path: Path) -> None:
    """And a name is taken once."""
    put(store, "one/a", tmp_path)
    stored = store.stored("one/a", Deadline(20))
    assert (stored.mode, stored.until, stored.sha256, stored.size) == (COMPLIANCE, UNTIL, SHA256, len(CONTENT))
    assert stored.metadata == {"attestation": "a" * 64}
    with pytest.raises(AlreadyThere, match="one/a"):
        put(store, "one/a", tmp_path)
    assert len(list(store.versions("one/", Deadline(20)))) == 1
    assert store.fetch("one/a", tmp_path / "back", Deadline(20)) == len(CONTENT)
    assert (tmp_path / "back").read_bytes() == CONTENT


def test_what_is_not_what_it_says_is_not_stored(store: ObjectStoreClient, tmp_path: Path) -> None:
    """The store verifies the digest."""
    with pytest.raises(BadAnswer, match="SHA256"):
        put(store, "two/a", tmp_path, "0" * 64)
    with pytest.raises(NotThere):
        store.stored("two/a", Deadline(20))


def test_what_is_not_there_leaves_no_file(store: ObjectStoreClient, tmp_path: Path) -> None:
    """None that somebody could take for it."""
    with pytest.raises(NotThere):
        store.fetch("nowhere", tmp_path / "back", Deadline(20))
    assert not (tmp_path / "back").exists()


def test_a_wrong_secret_is_refused_and_not_shown(world: World, recorder: Recorder) -> None:
    """The signature is verified."""
    with pytest.raises(AccessDenied) as refused:
        a_client(world, recorder, "not-the-secret-of-this-key").bucket(Deadline(20))
    assert "not-the-secret" not in str(refused.value)


def test_the_key_can_neither_delete_nor_change(world: World, store: ObjectStoreClient, tmp_path: Path) -> None:
    """Nor can anybody delete what is locked: driven by the vendor's own SDK, as an independent client."""
    put(store, "three/a", tmp_path)
    session: Any = boto3.session.Session(
        Path(world.get(f"{NAME}.id_file")).read_text(), Path(world.get(f"{NAME}.secret_file")).read_text()
    )
    s3 = session.client(
        "s3", region_name=REGION, endpoint_url=world.get(f"{NAME}.url"), verify=world.get(f"{NAME}.ca_file")
    )
    version = store.stored("three/a", Deadline(20)).version
    for verb, what in (
        ("delete_object", {"Bucket": BUCKET, "Key": "three/a", "VersionId": version}),
        ("put_bucket_versioning", {"Bucket": BUCKET, "VersioningConfiguration": {"Status": "Suspended"}}),
        ("create_bucket", {"Bucket": "another", "CreateBucketConfiguration": {"LocationConstraint": REGION}}),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            getattr(s3, verb)(**what)
    assert store.stored("three/a", Deadline(20)).version == version


def test_a_long_listing_is_read_page_by_page(store: ObjectStoreClient, world: World) -> None:
    """Deleted ones among them; and one that is too long says so."""
    for number in range(1050):
        body = {"key": f"many/{number:05d}", "text": "", "mode": None, "days": 0, "deleted": number % 2 == 0}
        require(world.port(f"{NAME}.control"), "/put", Deadline(20), body)
    found = list(store.versions("many/", Deadline(20)))
    assert len({version.key for version in found}) == 1050
    assert sum(version.marker for version in found) == 525
    assert sum(version.latest for version in found) == 1050
    with pytest.raises(Incomplete, match="more than 1000 versions"):
        list(store.versions("many/", Deadline(20), most=1000))


@pytest.mark.parametrize(
    ("switch", "error"), [("refuse", AccessDenied), ("slow_down", RateLimited), ("hang", DeadlineExceeded)]
)
def test_a_store_that_does_not_answer_is_not_known(
    world: World, store: ObjectStoreClient, switch: str, error: type[Exception]
) -> None:
    """Each by its own name, within the deadline; and afterwards it is asked again."""
    order(world, "/switches", {switch: True}, Deadline(20))
    try:
        with pytest.raises(error):
            store.bucket(Deadline(2))
    finally:
        order(world, "/switches", {switch: False}, Deadline(20))
    assert store.bucket(Deadline(20)).locking


def test_an_answer_that_is_broken_off_is_none(world: World, store: ObjectStoreClient, tmp_path: Path) -> None:
    """Half of an object is no object."""
    put(store, "four/a", tmp_path)
    order(world, "/switches", {"truncate": True}, Deadline(20))
    try:
        with pytest.raises((Incomplete, Unreachable, DeadlineExceeded, BadAnswer)):
            store.fetch("four/a", tmp_path / "back", Deadline(3))
    finally:
        order(world, "/switches", {"truncate": False}, Deadline(20))
    assert not (tmp_path / "back").exists()


def test_nobody_at_the_address(recorder: Recorder) -> None:
    """A port that nobody listens on."""
    store = ObjectStoreClient(
        url="https://127.0.0.1:9",
        region=REGION,
        bucket=BUCKET,
        access_key_id=Secret("id"),
        secret_access_key=Secret("secret"),
        recorder=recorder,
    )
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9"):
        store.bucket(Deadline(5))


def test_the_machines_own_aws_settings_are_not_used(
    world: World, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile, an endpoint, a proxy of whoever runs it."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert a_client(world, recorder).bucket(Deadline(20)).locking
