"""How the tests on real systems are dealt out to workers: what shares a system stays together.

`pytest -n 2 --dist loadgroup --no-loadscope-reorder` takes groups in the order that is made here.
"""

import pytest

FIRST = "tests/faults/"
"""The proofs of the faults, by far the most; and they wait for more than they compute."""
LAST = "tests/contract/kubernetes/"
"""What needs the real Kubernetes, which may still be being built."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test on a real system a group, unless it names one, and put the groups in order."""
    live = [item for item in items if item.get_closest_marker("sandbox") is not None]
    for item in live:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(_group(item)))
    live.sort(key=_place)
    others = [item for item in items if item.get_closest_marker("sandbox") is None]
    items[:] = [*others, *live]


def _group(item: pytest.Item) -> str:
    """Return the folder of a test that uses what its whole folder shares, and the file of another."""
    folder, _, _ = (path := item.nodeid.partition("::")[0]).rpartition("/")
    info = getattr(item, "_fixtureinfo", None)  # pytest offers no other way to the fixtures of a test
    definitions = [one for some in info.name2fixturedefs.values() for one in some] if info is not None else []
    return folder if any(one.scope == "package" for one in definitions) else path


def _place(item: pytest.Item) -> int:
    return int(item.nodeid.startswith(LAST)) - int(item.nodeid.startswith(FIRST))
