"""No secret leaves a run through what a check says or is called."""

import pytest

from tests.plugin.conftest import ENVIRONMENT, Site

SECRET = "hunter2-of-the-on-call"
ENVIRONMENT_WITH_SECRET = ENVIRONMENT + '[prometheus]\nurl = "http://127.0.0.1:9"\ntoken = "env:TOKEN"\n'
PROBE_WITH_SECRET = '''
@probe()
def metrics(prometheus) -> Number:
    """It could use the token."""
    return Number(1)
'''


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "two workers"])
def test_no_secret_leaves_through_what_a_check_says(site: Site, workers: list[str]) -> None:
    """Words, locals, output and logs of a check reach neither the terminal, the evidence nor JUnit with a secret."""
    site.write("environments/toy.toml", ENVIRONMENT_WITH_SECRET)
    site.probes(PROBE_WITH_SECRET)
    site.checks('''
        import logging, os
        def test_talks(metrics, record_property):
            """It talks."""
            token = os.environ["TOKEN"]
            print(token)
            logging.getLogger("toy").warning("token %s", token)
            record_property("token", token)
            assert metrics.value == 2, token
        def test_raises(metrics):
            """It raises."""
            token = os.environ["TOKEN"]
            assert metrics.value == 1
            raise OSError(token)
    ''')
    options = ["--env", "toy", "-rA", "--tb=long", "--showlocals", "--junitxml=reports/junit.xml"]
    finished = site.run(*options, *workers, environ={"TOKEN": SECRET})
    assert finished.seen == {"test_talks": "********", "test_raises": "OSError: ********"}
    assert SECRET not in finished.output
    written = [file for file in (site.folder / "reports").rglob("*") if file.is_file()]
    assert len(written) > 5
    assert not [file for file in written if SECRET in file.read_text()]


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "two workers"])
def test_a_secret_in_a_checks_id_is_refused(site: Site, workers: list[str]) -> None:
    """The id of a check is its identity in the evidence, and so a secret in it stops the run: exit 4, nothing kept."""
    site.write("environments/toy.toml", ENVIRONMENT_WITH_SECRET)
    site.probes(PROBE_WITH_SECRET)
    site.checks('''
        import os
        @pytest.mark.parametrize("token", [os.environ["TOKEN"]])
        def test_uses(metrics, token):
            """It uses a token."""
            assert metrics.value == 1
    ''')
    finished = site.run("--env", "toy", *workers, environ={"TOKEN": SECRET})
    assert finished.code == 4, finished.output
    assert "has a secret in its id" in finished.output
    assert SECRET not in finished.output
    assert not list(site.folder.glob("reports/runs/*"))
