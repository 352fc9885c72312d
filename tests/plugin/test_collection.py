"""What is refused before anything is looked at, each with its line."""

import pytest

from tests.plugin.conftest import Site

SOUND = '''
def test_sees(one):
    """It sees."""
    assert one.value == 1
'''


def refused(site: Site, *arguments: str) -> str:
    """Run, expect a refusal before any probe was started, and return the output."""
    finished = site.run("--env", "toy", *arguments)
    assert finished.code in (2, 4), finished.output
    runs = site.folder / "reports" / "runs"
    assert not runs.exists() or not any(runs.iterdir()), "a refused run leaves no evidence"
    assert "Traceback" not in finished.output
    return finished.output


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('@pytest.mark.runbok("daily-checks", 3)\n', "runbok"),
        ('@pytest.mark.runbook("daily-cheks", 3)\n', "daily-cheks"),
        ('@pytest.mark.runbook("daily-checks", 99)\n', "99"),
        ('@pytest.mark.runbook("daily-checks", "3")\n', "step must be int"),
        ('@pytest.mark.runbook("daily-checks")\n', "missing a required argument"),
        ('@pytest.mark.control("audit-loging")\n', "audit-loging"),
        ("@pytest.mark.control()\n", "control takes one or more names"),
        ("@pytest.mark.xfail\n", "xfail"),
        ('@pytest.mark.skipif(True, reason="x")\n', "skipif"),
    ],
)
def test_a_misused_marker_is_refused_with_its_line(site: Site, body: str, words: str) -> None:
    """A misspelt marker, an unknown step or control, and what would hide a red verdict are refused."""
    site.checks(body + SOUND.lstrip())
    output = refused(site)
    assert words in output
    assert "test_checks.py:" in output


def test_a_check_without_a_step_is_refused(site: Site) -> None:
    """A check that names no step of the runbook is refused."""
    site.write("test_checks.py", SOUND)
    assert "names its step of the runbook" in refused(site)


def test_a_check_without_a_probe_is_refused(site: Site) -> None:
    """A check that takes no probe observes nothing, and is refused with its line."""
    site.checks('def test_nothing():\n    """Nothing."""\n    assert True\n')
    output = refused(site)
    assert "test_checks.py:3: test_nothing: a check takes at least one probe" in output


def test_a_check_without_a_promise_is_refused(site: Site) -> None:
    """A check without a docstring is refused."""
    site.checks("def test_silent(one):\n    assert one.value\n")
    assert "docstring is its promise" in refused(site)


def test_a_duplicate_probe_is_refused_with_both_lines(site: Site) -> None:
    """Two probes of one name are refused."""
    site.probes('@probe()\ndef two() -> Number:\n    """2."""\n    return Number(2)\n')
    site.write("sub/conftest.py", (site.folder / "conftest.py").read_text())
    site.checks(SOUND.replace("one", "two"), "sub/test_checks.py")
    output = refused(site)
    assert "probe 'two' is defined twice" in output
    assert "sub/conftest.py:" in output


@pytest.mark.parametrize("annotation", ["dict", "object", "Holder", "Mutable", ""])
def test_a_probe_whose_facts_cannot_be_recorded_is_refused_with_its_line(site: Site, annotation: str) -> None:
    """Facts are a frozen dataclass of types that JSON can carry."""
    arrow = f" -> {annotation}" if annotation else ""
    site.probes(f'''
        from typing import Any
        @dataclass(frozen=True)
        class Holder:
            anything: Any
        @dataclass
        class Mutable:
            value: int
        @probe()
        def odd(){arrow}:
            """Odd."""
    ''')
    site.checks(SOUND)
    output = refused(site)
    assert "probe 'odd'" in output
    assert "conftest.py:" in output


def test_a_fixture_that_hides_a_probe_is_refused(site: Site) -> None:
    """A fixture of a probe's name would hand the check something that nobody observed."""
    site.checks('@pytest.fixture\ndef one():\n    return type("N", (), {"value": 1})\n' + SOUND)
    assert "hides the probe" in refused(site)


def test_a_refusal_is_the_same_under_workers(site: Site) -> None:
    """With -n 2 a problem is reported once, in words, with exit 4."""
    site.checks('def test_nothing():\n    """Nothing."""\n    assert True\n')
    finished = site.run("--env", "toy", "-n", "2")
    assert finished.code == 4, finished.output
    assert finished.output.count("a check takes at least one probe") == 1


def test_an_unknown_environment_lists_those_that_exist(site: Site) -> None:
    """--env with a name that does not exist says which do, and exits 4."""
    site.checks(SOUND)
    finished = site.run("--env", "prod")
    assert finished.code == 4
    assert "there are toy" in finished.output


def test_checks_without_an_environment_are_refused(site: Site) -> None:
    """Runbook checks that are run without --env look at nothing, and exit 4."""
    site.checks(SOUND)
    finished = site.run()
    assert finished.code == 4
    assert "--env NAME" in finished.output


def test_nothing_selected_is_not_green(site: Site) -> None:
    """A selection that leaves no check exits 5 and leaves no evidence."""
    site.checks(SOUND)
    finished = site.run("--env", "toy", "-k", "no_such_check")
    assert finished.code == 5
    assert not list((site.folder / "reports" / "runs").iterdir())


def test_a_collection_error_is_not_green(site: Site) -> None:
    """A check file that cannot be imported makes the run exit 2, and 10 where pytest is told to go on."""
    site.checks(SOUND)
    site.write("test_broken.py", "import no_such_module\n")
    assert site.run("--env", "toy").code == 2
    assert site.run("--env", "toy", "--continue-on-collection-errors").code == 10


def test_collecting_needs_no_secret_and_imports_no_driver(site: Site) -> None:
    """--collect-only reads no secret, writes no run and imports none of the heavy libraries."""
    site.write("environments/toy.toml", WITH_SECRET)
    site.probes('@probe()\ndef lag(kafka) -> Number:\n    """Kafka."""\n    return Number(1)\n')
    site.checks('def test_reads(lag):\n    """It reads."""\n    assert lag.value == 1\n')
    site.write(
        "plugin_that_looks.py",
        "import sys\ndef pytest_unconfigure():\n"
        "    print('LOADED', sorted({'kubernetes', 'boto3', 'confluent_kafka'} & set(sys.modules)))\n",
    )
    finished = site.run("--env", "toy", "--collect-only", "-p", "plugin_that_looks", environ={"PYTHONPATH": "."})
    assert finished.code == 0, finished.output
    assert "LOADED []" in finished.output
    assert not (site.folder / "reports").exists()


def test_a_secret_that_cannot_be_read_stops_before_any_probe(site: Site) -> None:
    """A run that lacks a secret exits 4, names the reference, and starts no probe; with -n 2 as well."""
    site.write("environments/toy.toml", WITH_SECRET)
    site.probes(
        '@probe()\ndef lag(kafka) -> Number:\n    """Kafka."""\n'
        '    open("started", "w").close()\n    return Number(1)\n'
    )
    site.checks('def test_reads(lag):\n    """It reads."""\n    assert lag.value == 1\n')
    for workers in ([], ["-n", "2"]):
        finished = site.run("--env", "toy", *workers)
        assert finished.code == 4, finished.output
        assert "env:TOY_PASSWORD" in finished.output
        assert not (site.folder / "started").exists()


WITH_SECRET = """
name = "toy"
[services.api-gateway]
deployment = "api-gateway"
replicas = 2
objectives = [{ kind = "availability", target = "99.9%", window = "30d", source = "runbook: Service Overview" }]
[kafka]
bootstrap = ["127.0.0.1:9"]
topics = [{ name = "audit.log", partitions = 3 }]
groups = [{ name = "audit-writer", topics = ["audit.log"] }]
[kafka.security]
protocol = "SASL_SSL"
mechanism = "PLAIN"
username = "env:TOY_USER"
password = "env:TOY_PASSWORD"
"""
