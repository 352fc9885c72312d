"""A page that carries once what it would carry several times."""

from apgms_ops.reports.html.sharing import shared

LONG, OTHER = "QUJD" * 200, "REVG" * 200


def test_what_is_repeated_is_carried_once() -> None:
    """Both names get the same data; what is there once, or is short, stays where it is."""
    script = f'Promise.all([d("a","{LONG}"),d("b","{LONG}"),d("c","{OTHER}"),d("e","e30="),d("f","e30=")])'
    done = shared(script)
    assert done.count(LONG) == 1
    rest = f'd("c","{OTHER}"),d("e","e30="),d("f","e30=")])'
    assert done == f'const shared0="{LONG}";Promise.all([d("a",shared0),d("b",shared0),{rest}'


def test_a_script_without_repetitions_is_left_alone() -> None:
    """Allure's own code is not touched."""
    script = f'function d(name,value){{}};d("a","{LONG}")'
    assert shared(script) == script
