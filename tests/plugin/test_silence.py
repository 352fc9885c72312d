"""A check's silence is believed only where the check was called, could speak, and nobody spoke for it."""

import pytest

from tests.plugin.conftest import PROBES, Site

RED = '''
def test_red(one):
    """It fails."""
    assert one.value == 2
'''


@pytest.mark.parametrize(
    "body",
    [
        "one.value == 2",
        "assert True",
        "assert one",
        'assert (one.value == 2, "one is 1")',
        "for number in ():\n        assert one.value == 2",
        "if one.value == 2:\n        assert one.value == 2",
        "try:\n        assert one.value == 2\n    except AssertionError:\n        pass",
        "with pytest.raises(AssertionError):\n        assert one.value == 2",
        "if one.value == 1:\n        return\n    assert one.value == 2",
        "def inner():\n        assert one.value == 2",
        "assert 1 == len('x')",
    ],
)
def test_a_check_that_could_end_without_having_asserted_is_refused(site: Site, body: str) -> None:
    """No assertion on every path, one that always holds, or a probe that is never looked at: exit 4 with its line."""
    site.checks(f'def test_mute(one):\n    """It is mute."""\n    {body}\n')
    finished = site.run("--env", "toy")
    assert finished.code == 4, finished.output
    assert "test_checks.py:3: test_mute: " in finished.output


@pytest.mark.parametrize(
    "check",
    [
        'import unittest\nclass Test(unittest.TestCase):\n    def test_red(self):\n        """It is not ours."""\n',
        'async def test_red(one):\n    """It is a coroutine."""\n    assert one.value == 2\n',
        'test_red = lambda one: one.value == 2\ntest_red.__doc__ = "It is a lambda."\n',
    ],
    ids=["unittest", "async", "lambda"],
)
def test_a_check_that_is_no_plain_function_is_refused(site: Site, check: str) -> None:
    """A TestCase, a coroutine or a lambda: exit 4."""
    site.checks(check)
    finished = site.run("--env", "toy")
    assert finished.code == 4, finished.output
    assert "a check is a plain function" in finished.output


@pytest.mark.parametrize("keyword", ["return", "yield"])
def test_a_check_that_returns_something_is_unknown(site: Site, keyword: str) -> None:
    """A comparison that is returned was not asserted, and a generator's body never ran."""
    site.checks(f'''
        import functools
        def wrapped(function):
            @functools.wraps(function)
            def call(**facts):
                return function(**facts)
            return call
        @wrapped
        def test_speaks(one):
            """It gives something back."""
            assert one.value == 1
            {keyword} one.value == 2
    ''')
    finished = site.run("--env", "toy")
    assert (finished.code, finished.verdicts) == (10, {"test_speaks": "UNKNOWN"})
    assert "the check returned a " in finished.seen["test_speaks"]


@pytest.mark.parametrize("name", ["limits", "environment", "release", "kafka"])
def test_a_fixture_that_hides_one_of_ours_is_refused(site: Site, name: str) -> None:
    """A check is judged against the environment's limits, not against a fixture of the same name."""
    site.checks(f'''
        @pytest.fixture
        def {name}():
            return 3
        def test_judges(one, {name}):
            """It judges."""
            assert one.value < {name}
    ''')
    finished = site.run("--env", "toy")
    assert finished.code == 4
    assert f"a fixture called {name!r} hides the fixture of ours" in finished.output


def test_what_was_red_once_stays_red_when_a_plugin_runs_it_again(site: Site) -> None:
    """A plugin that runs a failed check again, and reports the second time alone, does not make it green."""
    site.write(
        "conftest.py",
        PROBES
        + """
from _pytest.runner import runtestprotocol
def pytest_runtest_protocol(item, nextitem):
    runtestprotocol(item, nextitem=nextitem, log=False)
    item._initrequest()
    for report in runtestprotocol(item, nextitem=nextitem, log=False):
        item.ihook.pytest_runtest_logreport(report=report)
    return True
""",
    )
    site.checks('''
        import pathlib
        def test_flaky(one):
            """It fails the first time."""
            before = pathlib.Path("ran").exists()
            pathlib.Path("ran").touch()
            assert before == one.value, "the first time"
    ''')
    finished = site.run("--env", "toy")
    assert (finished.code, finished.seen) == (1, {"test_flaky": "the first time"})
    assert {result["status"] for result in finished.allure()} == {"failed"}


def test_when_workers_disagree_the_ledger_holds_one_verdict_and_it_is_the_worst(site: Site) -> None:
    """Under --dist each, a check that fails in one worker is FAIL in the exit code and in the ledger."""
    site.checks('''
        import os
        def test_differs(one):
            """It fails in one of the workers."""
            assert os.environ["PYTEST_XDIST_WORKER"] != "gw1", f"seen by {one.value}"
    ''')
    finished = site.run("--env", "toy", "-n", "2", "--dist", "each")
    assert (finished.code, finished.verdicts) == (1, {"test_differs": "FAIL"})
    ledger = (finished.run.path / "ledger.jsonl").read_text()
    assert ledger.count('"type":"verdict"') == 1


@pytest.mark.parametrize("hook", ["pytest_pyfunc_call(pyfuncitem)", "pytest_runtest_call(item)"])
def test_an_assertion_that_a_hook_catches_is_not_green(site: Site, hook: str) -> None:
    """A hook that swallows what a check raised leaves it UNKNOWN."""
    wrapper = f"""
import pytest
@pytest.hookimpl(wrapper=True, tryfirst=True)
def {hook}:
    try:
        return (yield)
    except AssertionError:
        return True
"""
    site.write("conftest.py", PROBES + wrapper)
    site.checks(RED)
    finished = site.run("--env", "toy")
    assert (finished.code, finished.verdicts) == (10, {"test_red": "UNKNOWN"})
    assert "it raised AssertionError, which somebody caught" in finished.seen["test_red"]


@pytest.mark.parametrize("hook", ["pytest_sessionfinish(session)", "pytest_collection_finish(session)"])
def test_no_plugin_makes_the_exit_code_zero(site: Site, hook: str) -> None:
    """Neither a later exit code nor pytest.exit before anything ran comes to 0."""
    what = "session.exitstatus = 0" if "sessionfinish" in hook else 'pytest.exit("done", returncode=0)'
    site.write("conftest.py", f"{PROBES}\nimport pytest\n@pytest.hookimpl(trylast=True)\ndef {hook}:\n    {what}\n")
    site.checks(RED)
    assert site.run("--env", "toy").code == (1 if "sessionfinish" in hook else 2)


@pytest.mark.parametrize(
    ("options", "environ", "why"),
    [
        (["--trace"], {}, "--trace runs a check inside a debugger"),
        (["--assert=plain"], {"PYTHONOPTIMIZE": "1"}, "drops assertions"),
        (["-p", "no:apgms-ops-judging"], {}, "a run of checks needs this part"),
        (["-p", "no:apgms-ops-record"], {}, "a run of checks needs this part"),
    ],
)
def test_what_switches_assertions_off_is_refused(
    site: Site, options: list[str], environ: dict[str, str], why: str
) -> None:
    """Python -O, the tracing debugger and -p no: for a part of ours: exit 4."""
    site.checks(RED)
    finished = site.run("--env", "toy", *options, environ=environ)
    assert finished.code == 4, finished.output
    assert why in finished.output
    assert not list(site.folder.glob("reports/runs/*"))


@pytest.mark.parametrize("options", [["-n", "2"], ["-p", "no:allure_pytest"]], ids=["two workers", "without allure"])
def test_every_check_has_a_result_in_the_report(site: Site, options: list[str]) -> None:
    """Under workers, and without allure-pytest, each check is in the report, with its verdict's status."""
    site.checks(
        RED
        + '''
def test_green(one):
    """It passes."""
    assert one.value == 1
'''
    )
    finished = site.run("--env", "toy", *options)
    assert {r["name"]: r["status"] for r in finished.allure()} == {"It fails.": "failed", "It passes.": "passed"}
    if "-n" in options:
        assert all(result["labels"] for result in finished.allure())
        assert list(finished.run.path.glob("allure-results/*-attachment.json")), "what was observed is attached"


@pytest.mark.parametrize("leaving", ["sys.exit(0)", "raise KeyboardInterrupt", 'pytest.skip("not today")'])
def test_a_probe_that_leaves_is_unknown_at_once(site: Site, leaving: str) -> None:
    """sys.exit, KeyboardInterrupt and pytest.skip in a probe are causes like any other, known before the deadline."""
    site.probes(f'''
        import sys, pytest
        @probe(deadline=600)
        def leaves() -> Number:
            """It leaves."""
            {leaving}
    ''')
    site.checks('''
        def test_waits(leaves):
            """It waits."""
            assert leaves.value == 1
    ''')
    finished = site.run("--env", "toy")
    assert (finished.code, finished.verdicts) == (10, {"test_waits": "UNKNOWN"})
    assert "no answer within" not in finished.seen["test_waits"]


@pytest.mark.parametrize("what", ["garbage", "removed"])
def test_a_run_that_cannot_be_recorded_is_not_green(site: Site, what: str) -> None:
    """A ledger that is damaged or gone at the end: the run exits neither 0 nor with a traceback."""
    damage = 'ledger.open("a").write("garbage")' if what == "garbage" else "ledger.unlink()"
    site.checks(f'''
        import pathlib
        def test_damages(one):
            """It damages the record."""
            ledger = next(pathlib.Path("reports/runs").glob("*/ledger.jsonl"))
            {damage}
            assert one.value == 1
    ''')
    finished = site.run("--env", "toy")
    assert finished.code not in (0, 1, 10), finished.output
    assert "could not be recorded" in finished.output
    assert "Traceback" not in finished.output


def test_a_folder_that_cannot_be_made_stops_with_exit_4(site: Site) -> None:
    """Where reports/ cannot be written, nothing is looked at, and the folder is named."""
    site.write("reports", "a file in its place")
    site.checks(RED)
    finished = site.run("--env", "toy")
    assert finished.code == 4, finished.output
    assert "the run cannot be kept there" in finished.output
