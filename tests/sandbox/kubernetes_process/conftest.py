"""The clusters of these tests."""

import pytest

from tests.sandbox.kubernetes_process.small import Small


@pytest.fixture
def bare() -> Small:
    """A cluster without a node."""
    return Small()


@pytest.fixture
def small(bare: Small) -> Small:
    """A cluster of one node."""
    bare.add_node()
    return bare
