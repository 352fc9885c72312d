"""The sandbox's object store, by itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apgms_ops.clients.objectstore import ObjectStoreClient
from apgms_ops.deadline import Deadline
from apgms_ops.observation import Recorder
from apgms_ops.sandbox.objectstore import BUCKET, NAME, REGION, ObjectStore
from apgms_ops.sandbox.startup import Startup
from apgms_ops.sandbox.world import World
from apgms_ops.secret import Secret


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A sandbox of the object store alone."""
    folder = tmp_path_factory.mktemp("objectstore")
    world = World(folder / "sandbox", cache=folder / "cache", report=lambda _line: None)
    try:
        Startup((ObjectStore(),), world, Deadline(60)).run(lambda _doing, _seconds: None)
        yield world
    finally:
        world.destroy(Deadline(30))


@pytest.fixture
def recorder() -> Recorder:
    """What a probe records."""
    return Recorder(lambda text: text)


@pytest.fixture
def store(world: World, recorder: Recorder) -> ObjectStoreClient:
    """A client with the key that the sandbox gives."""
    return a_client(world, recorder)


def a_client(world: World, recorder: Recorder, secret: str | None = None) -> ObjectStoreClient:
    """Return a client; with another secret, where one is given."""
    own = Path(world.get(f"{NAME}.secret_file")).read_text()
    return ObjectStoreClient(
        url=world.get(f"{NAME}.url"),
        region=REGION,
        bucket=BUCKET,
        access_key_id=Secret(Path(world.get(f"{NAME}.id_file")).read_text()),
        secret_access_key=Secret(secret or own),
        ca_file=world.get(f"{NAME}.ca_file"),
        recorder=recorder,
    )
