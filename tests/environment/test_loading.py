"""From a name to a validated environment; every mistake is named by file, key and what was expected."""

import itertools
import os
from pathlib import Path

import pytest

from apgms_ops.environment.loading import (
    LARGEST,
    fill,
    find,
    folder_of_environments,
    known,
    load,
    read_secrets,
    secrets_of,
)
from apgms_ops.environment.model import Kafka
from apgms_ops.errors import EnvironmentInvalid, SecretUnreadable
from apgms_ops.secret import Secret, SecretReference

SHIPPED = Path(__file__).parents[2] / "environments"
MINIMAL = """
name = "test"
[services.api-gateway]
deployment = "api-gateway"
replicas = 1
objectives = [{ kind = "availability", target = "99.9%", window = "30d", source = "runbook" }]
"""
KAFKA = """
[kafka]
bootstrap = ["kafka:9092"]
topics = [{ name = "audit.log", partitions = 3 }]
groups = [{ name = "audit-writer", topics = ["audit.log"] }]
"""


def problem(tmp_path: Path, text: str) -> str:
    """Return what is said about a file with this text."""
    path = tmp_path / "test.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EnvironmentInvalid) as caught:
        load(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    return said.removeprefix(f"{path}: ")


@pytest.mark.parametrize("name", ["production", "sandbox", "staging"])
def test_the_shipped_environments_load_without_any_secret(name: str) -> None:
    """Each shipped file is complete, is called as it says, and needs no secret to be read."""
    environment = load(find(name, SHIPPED))
    assert environment.name == name
    assert set(environment.services) == {"api-gateway", "audit", "payments", "registries"}
    assert isinstance(environment.kafka, Kafka)
    assert len(environment.kafka.required_topics) == 16
    assert environment.limits.consumer_lag.source == "runbook: Daily Checks, step 3"


def test_the_shipped_environments_are_known() -> None:
    """The folder's environments are listed by name."""
    assert known(SHIPPED) == ["production", "sandbox", "staging"]


def test_other_files_of_the_folder_are_no_environments(tmp_path: Path) -> None:
    """Waivers, controls, notes and folders beside them are not listed."""
    for name in ("b.toml", "a.toml", "waivers.toml", "controls.toml", "README.md"):
        (tmp_path / name).touch()
    (tmp_path / "c.toml").mkdir()
    assert known(tmp_path) == ["a", "b"]


def test_a_name_that_does_not_exist_lists_those_that_do() -> None:
    """The error lists the environments, and the nearest to what was typed."""
    with pytest.raises(
        EnvironmentInvalid, match=r'"prodution".*production, sandbox, staging; did you mean production\?'
    ):
        find("prodution", SHIPPED)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    """Without a folder of environments, the error says how to name one."""
    with pytest.raises(EnvironmentInvalid, match="APGMS_ENVIRONMENTS"):
        known(tmp_path / "nowhere")


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    """What has a slash or ends in .toml is a path; one that leads nowhere is an error."""
    path = tmp_path / "own.toml"
    path.write_text(MINIMAL, encoding="utf-8")
    assert find(str(path), SHIPPED) == path
    with pytest.raises(EnvironmentInvalid, match="No such file"):
        find(str(tmp_path / "none.toml"), SHIPPED)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MINIMAL.replace('"30d"', '"250"'), 'objectives[0].window: expected a duration with its unit, such as "250ms"'),
        (MINIMAL.replace('"30d"', "250"), "not 250"),
        (
            MINIMAL.replace("replicas = 1", 'replicas = "200"'),
            'replicas: expected a whole number of at least 1, not "200"',
        ),
        (MINIMAL.replace("replicas = 1", "replicas = 1.0"), "replicas: expected a whole number of at least 1, not 1.0"),
        (
            MINIMAL.replace("replicas = 1", "replicas = true"),
            "replicas: expected a whole number of at least 1, not true",
        ),
        (MINIMAL.replace("replicas = 1", "replicas = 0"), "expected a whole number of at least 1, not 0"),
        (MINIMAL.replace('"99.9%"', "0.999"), 'target: expected a percentage such as "99.9%"'),
        (MINIMAL.replace('"99.9%"', '"100%"'), "below 100%"),
        (MINIMAL.replace('kind = "availability"', 'kind = "availibility"'), 'not kind = "availibility"'),
        (MINIMAL.replace('kind = "availability", ', ""), "kind is missing"),
        (MINIMAL.replace(', source = "runbook"', ""), "objectives[0].source: expected one line of text"),
        (MINIMAL.replace('name = "test"', ""), "name: expected a name of lower-case letters"),
        (MINIMAL.replace('name = "test"', 'nmae = "test"'), "nmae: unknown key: did you mean name?"),
        (MINIMAL.replace("api-gateway]", '"API Gateway"]'), "services.API Gateway: expected a name of lower-case"),
        (
            MINIMAL + "[limits]\nconsumer_lag = 200\n",
            "limits.consumer_lag: expected a table with value, source, not 200",
        ),
        (MINIMAL + "kafka = 3\n", "unknown key; known here"),
        (MINIMAL + KAFKA.replace('["kafka:9092"]', '"kafka:9092"'), "kafka.bootstrap: expected a list"),
        (MINIMAL + KAFKA.replace('"kafka:9092"', '"kafka"'), "kafka.bootstrap[0]: expected host:port"),
        (MINIMAL + KAFKA.replace('topics = ["audit.log"]', 'topics = ["audit"]'), "not declared: audit"),
        (MINIMAL + KAFKA.replace("partitions = 3", "partitons = 3"), "kafka.topics[audit.log].part"),
        (
            MINIMAL
            + KAFKA
            + 'ignored_groups = [{name = "audit-writer", reason = "x", expires = 2026-12-01T00:00:00Z}]\n',
            "both declared and ignored: audit-writer",
        ),
        (
            MINIMAL + KAFKA + 'ignored_groups = [{name = "x", reason = "x", expires = 2026-12-01T00:00:00}]\n',
            "kafka.ignored_groups[x].expires: expected a date and time with its zone",
        ),
        (MINIMAL + KAFKA + 'security = {protocol = "SASL_SSL"}\n', "needs mechanism, username and password"),
        (
            MINIMAL + '[kafka]\nabsent = "none"\nbootstrap = []\n',
            "kafka.bootstrap: a section that is absent declares nothing",
        ),
        (MINIMAL + '[prometheus]\nurl = "prometheus:9090"\n', "prometheus.url: expected an address such as https://"),
        (
            MINIMAL
            + '[[maintenance]]\nservice = "x"\nfrom = 2026-01-01T00:00:00Z\nto = 2026-01-02T00:00:00Z\nreason = "r"\n',
            "services that do not exist: x",
        ),
        (MINIMAL + "[identities\n", "expected TOML: "),
        (MINIMAL + "x = " + "[" * 5000, "expected TOML"),
        (MINIMAL + "x = " + "9" * 5000, "expected TOML"),
    ],
    ids=itertools.count(),
)
def test_a_mistake_is_named_by_key_and_what_was_expected(tmp_path: Path, text: str, said: str) -> None:
    """Wrong units, types, keys, references and syntax are each named with what was expected in their place."""
    assert said in problem(tmp_path, text)


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    """What is no TOML is named with its line."""
    assert "line 2" in problem(tmp_path, "name = 'x'\nname = \n")


def test_several_problems_are_listed_one_a_line(tmp_path: Path) -> None:
    """All problems are told at once, a line each, ten at most, and how many more there are."""
    said = problem(tmp_path, MINIMAL + "[limits]\n" + "".join(f"unknown{n} = 1\n" for n in range(12)))
    lines = said.splitlines()
    assert lines[0] == "12 problems"
    assert len(lines) == 12
    assert lines[-1] == "  and 2 more"


def test_a_pasted_secret_is_never_repeated(tmp_path: Path) -> None:
    """A value where a secret's reference belongs is not shown, and one pasted elsewhere is masked."""
    said = problem(
        tmp_path,
        MINIMAL
        + KAFKA
        + 'security = { protocol = "SASL_SSL", mechanism = "PLAIN", username = "env:X", password = "hunter2hunter2" }\n'
        + 'sasl_password = "hunter2hunter2"\n[prometheus]\nurl = "https://u:hunter2hunter2@prometheus"\n',
    )
    assert "hunter2" not in said
    assert "kafka.security.password: expected a reference" in said


def test_hostile_text_is_printed_harmlessly(tmp_path: Path) -> None:
    """A value with control characters, or one of great length, neither moves the cursor nor floods the terminal."""
    said = problem(tmp_path, MINIMAL.replace('"30d"', '"\\u001b[2J' + "x" * 5000 + '"'))
    assert "\x1b" not in said
    assert len(said) < 500


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"\xff", "line 1: expected UTF-8 text"), (b"#" * (LARGEST + 1), "it is larger"), (b"", "problems")],
)
def test_a_file_that_is_no_environment_is_named(tmp_path: Path, data: bytes, said: str) -> None:
    """A file that is not UTF-8, huge or empty is one clear error."""
    (tmp_path / "x.toml").write_bytes(data)
    with pytest.raises(EnvironmentInvalid, match=said):
        load(tmp_path / "x.toml")


def test_a_folder_is_no_environment(tmp_path: Path) -> None:
    """A folder where a file is expected is an error, not a traceback."""
    with pytest.raises(EnvironmentInvalid, match="it is a folder"):
        load(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    """A file that may not be read is an error, not a traceback."""
    path = tmp_path / "x.toml"
    path.touch(mode=0)
    with pytest.raises(EnvironmentInvalid, match="Permission denied"):
        load(path)


def test_a_placeholder_takes_its_value_else_its_default() -> None:
    """A placeholder becomes what the sandbox published, else its default; a comment stays as it is."""
    text = '# ${a}\nx = "${kafka.bootstrap:-127.0.0.1:9}"\ny = "${b:-}"'
    assert fill(text, {}, "f") == '# ${a}\nx = "127.0.0.1:9"\ny = ""'
    assert fill(text, {"kafka.bootstrap": "h:1"}, "f") == '# ${a}\nx = "h:1"\ny = ""'


def test_a_value_cannot_break_out_of_its_string(tmp_path: Path) -> None:
    """A published value with quotes and line breaks stays one string."""
    path = tmp_path / "x.toml"
    path.write_text(MINIMAL.replace('"runbook"', '"${a}"'), encoding="utf-8")
    value = 'x" }]\\'
    assert load(path, {"a": value}).services["api-gateway"].objectives[0].source == value


@pytest.mark.parametrize("text", ['x = "${kafka.bootstrap}"', 'x = "${}"', 'x = "${A}"', 'x = "${a"'])
def test_a_placeholder_without_a_value_says_what_to_do(text: str) -> None:
    """A placeholder without value and default says how to start the sandbox; a malformed one shows a right one."""
    with pytest.raises(EnvironmentInvalid, match=r"f: line 1: .*(apgms-ops sandbox up|such as \$\{kafka.bootstrap:-)"):
        fill(text, {}, "f")


def test_secrets_are_found_by_section() -> None:
    """The secrets of the sections that a run needs are named, each once, and no others."""
    environment = load(find("production", SHIPPED))
    assert [str(r) for r in secrets_of(environment, ["prometheus"])] == ["env:APGMS_PRODUCTION_PROMETHEUS_TOKEN"]
    assert len(secrets_of(environment)) == 18
    assert secrets_of(environment, ["services"]) == ()
    assert secrets_of(environment, []) == ()
    with pytest.raises(EnvironmentInvalid, match="no section kafak"):
        secrets_of(environment, ["kafak"])


def test_secrets_are_read_all_at_once() -> None:
    """Every secret is read; all that cannot be read are named in one error, and none is shown."""
    one, two = SecretReference("env", "ONE"), SecretReference("env", "TWO")
    assert read_secrets([one, two], {"ONE": "a", "TWO": "b"}) == {one: Secret("a"), two: Secret("b")}
    with pytest.raises(SecretUnreadable, match=r"(?s)2 secrets cannot be read.*env:ONE.*env:TWO"):
        read_secrets([one, two], {})


def test_the_folder_of_environments_is_found(tmp_path: Path) -> None:
    """The option comes first, then the variable, then the nearest folder above."""
    (tmp_path / "environments").mkdir()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert folder_of_environments("x", {"APGMS_ENVIRONMENTS": "y"}, below) == Path("x")
    assert folder_of_environments(None, {"APGMS_ENVIRONMENTS": "y"}, below) == Path("y")
    assert folder_of_environments(None, {}, below) == tmp_path / "environments"
