"""What a run writes for Allure."""

import json

from tests.plugin.conftest import Site

PROBES = '''
from apgms_ops.observation import Recorder

@dataclass(frozen=True, slots=True)
class Row:
    group: str
    lag: int

@dataclass(frozen=True, slots=True)
class Rows:
    rows: tuple[Row, ...]

@probe()
def rows(recorder: Recorder) -> Rows:
    """Rows, one with a token in its name."""
    recorder.raw("answer", "Authorization: Bearer abcdef0123456789abcdef")
    recorder.identify("kafka", "cluster-1")
    return Rows((Row("audit-writer", 5), Row("xoxb-123456789012-abcdef", 123456782)))
'''
CHECKS = '''
@pytest.mark.control("audit-logging")
@pytest.mark.services(with_objective="availability")
def test_rows(rows, service):
    """Rows are few."""
    assert len(rows.rows) < 2, f"a lot: {rows.rows[1].group}"
'''


def test_a_result_says_what_it_is_about(site: Site) -> None:
    """Title, labels, environment, service and the observation with its table are in the result."""
    site.probes(PROBES)
    site.checks(CHECKS)
    finished = site.run("--env", "toy")
    (result,) = finished.allure()
    assert result["name"] == "Rows are few. (api-gateway)"
    assert result["status"] == "failed"
    labels = {(label["name"], label["value"]) for label in result["labels"]}
    assert {("runbook", "daily-checks 3"), ("control", "audit-logging"), ("service", "api-gateway")} <= labels
    assert {"name": "environment", "value": "'toy'"} in result["parameters"]
    assert {a["type"] for a in result["attachments"]} == {"application/json", "text/csv"}
    results = finished.run.path / "allure-results"
    properties = (results / "environment.properties").read_text()
    assert "Environment=toy" in properties
    assert "Identity\\ of\\ kafka=cluster-1" in properties
    assert json.loads((results / "executor.json").read_text())["buildName"] == finished.run.path.name
    assert (results / "categories.json").exists()


def test_no_file_of_a_run_holds_a_secret(site: Site) -> None:
    """Tokens in facts, payloads and messages are masked in every file of the run; typed numbers are kept."""
    site.probes(PROBES)
    site.checks(CHECKS)
    finished = site.run("--env", "toy")
    files = [path for path in finished.run.path.rglob("*") if path.is_file()]
    everything = "\n".join(path.read_text() for path in files) + finished.output
    assert "xoxb-1234" not in everything
    assert "abcdef0123456789" not in everything
    assert '"lag":123456782' in everything


def test_the_same_check_in_two_environments_is_no_retry(site: Site) -> None:
    """The environment is part of a result's identity, so that reports of two estates can be merged."""
    site.write("environments/other.toml", (site.folder / "environments/toy.toml").read_text().replace("toy", "other"))
    site.checks('def test_a(one):\n    """A."""\n    assert one.value == 1\n')
    first = site.run("--env", "toy").allure()[0]
    second = site.run("--env", "other").allure()[0]
    assert first["testCaseId"] == second["testCaseId"]
    assert first["historyId"] != second["historyId"]


def test_the_results_of_an_earlier_run_keep_their_verdicts(site: Site) -> None:
    """In a folder that several runs share, yesterday's red result is not given today's verdict."""
    site.checks('''
        import pathlib
        def test_a(one):
            """A."""
            assert pathlib.Path("healed").exists() == one.value
    ''')
    assert site.run("--env", "toy", "--alluredir", "shared").code == 1
    site.write("healed", "")
    assert site.run("--env", "toy", "--alluredir", "shared").code == 0
    results = (site.folder / "shared").glob("*-result.json")
    assert sorted(json.loads(file.read_text())["status"] for file in results) == ["failed", "passed"]


def test_results_go_where_the_option_says(site: Site) -> None:
    """--alluredir is respected."""
    site.checks('def test_a(one):\n    """A."""\n    assert one.value == 1\n')
    assert site.run("--env", "toy", "--alluredir", "elsewhere").code == 0
    assert list((site.folder / "elsewhere").glob("*-result.json"))
    assert (site.folder / "elsewhere" / "categories.json").exists()
