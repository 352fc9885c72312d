"""How the tests on real systems are dealt out to workers: what shares a system stays together.

`pytest -m sandbox -n 2 --dist loadscope --no-loadscope-reorder` deals out groups, in the order that is made here.
"""

from typing import Any

import pytest

_FIRST = "tests/faults/test_every_check_is_proven.py::"
"""The proofs of the faults, by far the most; and they wait for more than they compute."""
_LAST = "tests/contract/kubernetes/"
"""What needs the real Kubernetes, which may still be being built."""
_SHARED = (
    _LAST,
    "tests/contract/kafka/",
    "tests/sandbox/github_process/",
    "tests/sandbox/node/",
    "tests/sandbox/pagerduty_process/",
    "tests/sandbox/service_process/",
)
"""Folders whose files share a system."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in the order in which their groups are dealt out."""
    items.sort(key=lambda item: item.nodeid.startswith(_LAST) - item.nodeid.startswith(_FIRST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:  # noqa: ANN401 — xdist is not typed
    """Deal out by what tests share, where a test run asks for scopes."""
    if config.getoption("dist") != "loadscope":
        return None
    from tests.dealing import Groups  # noqa: PLC0415 — no other run needs the faults, or has xdist for sure

    return Groups(config, log, shared=_SHARED)
