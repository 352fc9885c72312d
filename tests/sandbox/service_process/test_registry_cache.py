"""What the register said is believed for some minutes."""

from apgms_ops.sandbox.service_process.registry_cache import Cache, Entry

ACTIVE = Entry("53004085616", "active", "Synthetic Pty Ltd")
CANCELLED = Entry("53004085616", "cancelled", "Synthetic Pty Ltd")


def test_an_entry_is_forgotten_when_it_is_too_old() -> None:
    """An old answer is no answer."""
    now = [0.0]
    cache = Cache(lambda: now[0], lives=300)
    cache.put(ACTIVE)
    now[0] = 299.0
    assert cache.get(ACTIVE.abn) == ACTIVE
    now[0] = 300.0
    assert cache.get(ACTIVE.abn) is None


def test_only_a_change_is_news() -> None:
    """The first answer and another one are news; the same again is none, however old it is."""
    now = [0.0]
    cache = Cache(lambda: now[0], lives=300)
    assert cache.put(ACTIVE)
    now[0] = 1000.0
    assert not cache.put(ACTIVE)
    assert cache.put(CANCELLED)
    assert cache.get(ACTIVE.abn) == CANCELLED


def test_what_is_forgotten_is_news_again() -> None:
    """An entry that could not be told to others is told by the next look-up."""
    cache = Cache(lambda: 0.0)
    cache.put(ACTIVE)
    cache.forget(ACTIVE.abn)
    assert cache.get(ACTIVE.abn) is None
    assert cache.put(ACTIVE)
