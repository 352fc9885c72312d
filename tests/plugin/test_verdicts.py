"""What becomes of a check."""

import pytest

from tests.plugin.conftest import Site

EVERY_KIND = '''
def test_holds(one):
    """It holds."""
    assert one.value == 1

def test_does_not_hold(one):
    """It does not hold."""
    assert one.value == 2, "one is 1 (limit 2)"

def test_raises(one):
    """It raises."""
    raise OSError("no route")
    assert one.value == 1

def test_skips(one):
    """It skips."""
    pytest.skip("not today")
    assert one.value == 1

def test_fails_by_hand(one):
    """It calls pytest.fail."""
    pytest.fail("because")
    assert one.value == 1

def test_expects_failure(one):
    """It calls pytest.xfail."""
    pytest.xfail("known")
    assert one.value == 1
'''


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "two workers"])
def test_only_an_assertion_fails_and_only_silence_passes(site: Site, workers: list[str]) -> None:
    """AssertionError is FAIL; every other exception, skip and fail included, is UNKNOWN; exit 1."""
    site.checks(EVERY_KIND)
    finished = site.run("--env", "toy", *workers)
    assert finished.verdicts == {
        "test_holds": "PASS",
        "test_does_not_hold": "FAIL",
        "test_raises": "UNKNOWN",
        "test_skips": "UNKNOWN",
        "test_fails_by_hand": "UNKNOWN",
        "test_expects_failure": "UNKNOWN",
    }
    assert finished.code == 1
    assert finished.seen["test_does_not_hold"] == "one is 1 (limit 2)"
    assert "FAIL    It does not hold. | one is 1 (limit 2) | runbook daily-checks 3" in finished.output
    assert "Traceback" not in finished.output


def test_nothing_failed_and_something_unknown_exits_10(site: Site) -> None:
    """A probe that raises makes its checks UNKNOWN with the cause in one line; the others keep their verdicts."""
    site.probes('''
        @probe()
        def broken() -> Number:
            """It raises."""
            raise ConnectionRefusedError("refused at 127.0.0.1:1")
    ''')
    site.checks('''
        def test_sees(one):
            """It sees."""
            assert one.value == 1
        def test_is_blind(broken):
            """It is blind."""
            assert broken.value == 1
    ''')
    finished = site.run("--env", "toy")
    assert (finished.code, finished.verdicts) == (10, {"test_sees": "PASS", "test_is_blind": "UNKNOWN"})
    assert finished.seen["test_is_blind"] == "broken: ConnectionRefusedError: refused at 127.0.0.1:1"


def test_all_green_exits_0(site: Site) -> None:
    """A run in which every promise was seen to hold exits 0 and says so."""
    site.checks('''
        def test_sees(one):
            """It sees."""
            assert one.value == 1
    ''')
    finished = site.run("--env", "toy")
    assert finished.code == 0
    assert "toy: 1 PASS: all green (exit 0)" in finished.output


def test_an_error_in_teardown_takes_the_pass_back(site: Site) -> None:
    """A check whose teardown raises is UNKNOWN, though its call passed."""
    site.checks('''
        @pytest.fixture
        def untidy():
            yield
            raise OSError("left a file")
        def test_sees(one, untidy):
            """It sees."""
            assert one.value == 1
    ''')
    finished = site.run("--env", "toy")
    assert (finished.code, finished.verdicts) == (10, {"test_sees": "UNKNOWN"})


def test_a_hung_probe_is_unknown_at_its_deadline_and_never_holds_up_the_exit(site: Site) -> None:
    """A probe that never returns makes its check UNKNOWN, and the process ends although its thread does not."""
    site.probes('''
        import threading
        @probe(deadline=0.5)
        def hung() -> Number:
            """It hangs."""
            threading.Event().wait()
    ''')
    site.checks('''
        def test_waits(hung):
            """It waits."""
            assert hung.value == 1
    ''')
    finished = site.run("--env", "toy")
    assert (finished.code, finished.seen) == (10, {"test_waits": "hung: no answer within 0.5 s"})


def test_the_option_deadline_bounds_every_probe(site: Site) -> None:
    """--deadline is a bound from above on each probe's own deadline."""
    site.probes('''
        import threading
        @probe(deadline=600)
        def hung() -> Number:
            """It hangs."""
            threading.Event().wait()
    ''')
    site.checks('''
        def test_waits(hung):
            """It waits."""
            assert hung.value == 1
    ''')
    assert "no answer within 0.4 s" in site.run("--env", "toy", "--deadline", "400ms").seen["test_waits"]


def test_an_absent_target_is_skipped_and_alone_not_green(site: Site) -> None:
    """A section declared absent makes its checks SKIPPED with the reason; a run of nothing else exits 10."""
    site.write("environments/toy.toml", ENVIRONMENT_WITHOUT_KAFKA)
    site.probes('''
        @probe()
        def lag(kafka) -> Number:
            """It reads Kafka."""
            return Number(kafka.nothing)
    ''')
    site.checks('''
        def test_reads(lag):
            """It reads."""
            assert lag.value == 1
    ''')
    finished = site.run("--env", "toy")
    assert (finished.code, finished.verdicts) == (10, {"test_reads": "SKIPPED"})
    assert finished.seen["test_reads"] == "[kafka] is absent: no broker in this estate"


def test_a_missing_section_stops_with_exit_4_before_any_probe(site: Site) -> None:
    """A section that a selected check needs and the file lacks is a configuration error, not a skip."""
    site.probes('''
        @probe()
        def lag(kafka) -> Number:
            """It reads Kafka."""
            open("started", "w").close()
            return Number(1)
    ''')
    site.checks('''
        def test_reads(lag):
            """It reads."""
            assert lag.value == 1
    ''')
    finished = site.run("--env", "toy")
    assert finished.code == 4
    assert "section [kafka] is missing" in finished.output
    assert not (site.folder / "started").exists()


def test_a_check_is_parametrised_with_the_services_that_have_the_objective(site: Site) -> None:
    """`service` runs over the environment's services; the marker narrows it to those with such an objective."""
    site.checks('''
        def test_every(service, one):
            """Each."""
            assert service
            assert one.value == 1
        @pytest.mark.services(with_objective="availability")
        def test_some(service, one):
            """Some."""
            assert service
            assert one.value == 1
    ''')
    finished = site.run("--env", "toy")
    assert set(finished.verdicts) == {"test_every[api-gateway]", "test_every[audit]", "test_some[api-gateway]"}


ENVIRONMENT_WITHOUT_KAFKA = """
name = "toy"
[services.api-gateway]
deployment = "api-gateway"
replicas = 2
objectives = [{ kind = "availability", target = "99.9%", window = "30d", source = "runbook: Service Overview" }]
[kafka]
absent = "no broker in this estate"
"""
