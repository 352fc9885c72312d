"""Rules, alerts, targets and configuration: required fields are required, unknown words are unknown."""

from typing import Any

import pytest

from apgms_ops.clients.prometheus import parse_status
from apgms_ops.clients.prometheus.facts import AlertState, RuleHealth, TargetHealth
from apgms_ops.errors import BadAnswer, Incomplete

NEVER = "0001-01-01T00:00:00Z"
RULE = {
    "type": "alerting",
    "name": "ConsumerLag",
    "query": "x > 1",
    "health": "ok",
    "state": "inactive",
    "lastEvaluation": "2026-01-02T13:36:56.874123456Z",
}
TARGET = {
    "scrapePool": "services",
    "labels": {"job": "services"},
    "health": "up",
    "lastError": "",
    "lastScrape": "2026-01-02T13:36:40.2Z",
}


def rules(**changed: object) -> dict[str, Any]:
    """Return the data of one group with one rule."""
    return {"groups": [{"name": "g", "file": "f", "rules": [RULE | changed]}]}


def test_a_rule_that_was_never_evaluated_is_not_quiet() -> None:
    """Inactive with unknown health and no evaluation is told apart from quiet."""
    (rule,) = parse_status.rules(rules(health="unknown", state="unknown", lastEvaluation=NEVER))
    assert (rule.health, rule.state, rule.last_evaluation) == (RuleHealth.UNKNOWN, AlertState.UNKNOWN, None)


def test_words_that_we_do_not_know_are_unknown() -> None:
    """A health or state of a later release is unknown, never good."""
    (rule,) = parse_status.rules(rules(health="splendid", state="resting"))
    (target,) = parse_status.targets({"activeTargets": [TARGET | {"health": "fine"}]})
    assert (rule.health, rule.state, target.health) == (RuleHealth.UNKNOWN, AlertState.UNKNOWN, TargetHealth.UNKNOWN)


def test_groups_that_follow_on_another_page_make_the_answer_incomplete() -> None:
    """A token for the next page says that these are not all the rules."""
    with pytest.raises(Incomplete, match="more follow"):
        parse_status.rules(rules() | {"groupNextToken": "abc"})


@pytest.mark.parametrize("missing", sorted(RULE))
def test_a_rule_without_a_required_field_is_a_bad_answer(missing: str) -> None:
    """No field of a rule is taken for granted."""
    with pytest.raises(BadAnswer, match=missing):
        parse_status.rules(
            {"groups": [{"name": "g", "file": "f", "rules": [{k: RULE[k] for k in RULE if k != missing}]}]}
        )


@pytest.mark.parametrize("missing", sorted(TARGET))
def test_a_target_without_a_required_field_is_a_bad_answer(missing: str) -> None:
    """No field of a target is taken for granted."""
    with pytest.raises(BadAnswer, match=missing):
        parse_status.targets({"activeTargets": [{k: TARGET[k] for k in TARGET if k != missing}]})


def test_a_target_that_was_never_scraped_has_no_time_of_scrape() -> None:
    """Go's zero time means never."""
    (target,) = parse_status.targets({"activeTargets": [TARGET | {"lastScrape": NEVER, "health": "unknown"}]})
    assert target.last_scrape is None


def test_an_alert_keeps_its_state_and_labels() -> None:
    """A firing alert is read with what it says about itself."""
    wire = {"labels": {"alertname": "x"}, "annotations": {}, "state": "firing", "activeAt": "2026-01-02T13:30:00Z"}
    (alert,) = parse_status.alerts({"alerts": [wire]})
    assert (alert.state, alert.labels) == (AlertState.FIRING, {"alertname": "x"})
    assert alert.active_at is not None


@pytest.mark.parametrize(
    ("configuration", "labels"),
    [
        ("global:\n  external_labels:\n    cluster: prod\nscrape_configs:\n- job_name: x\n", {"cluster": "prod"}),
        ('global:\n  external_labels:\n    cluster: "007"\n', {"cluster": "007"}),
        ("global:\n  scrape_interval: 1s\nrule_files: []\n", {}),
        ("scrape_configs:\n- job_name: x\n  global:\n    external_labels: {cluster: fake}\n", {}),
        ("", {}),
    ],
)
def test_the_external_labels_are_read_from_the_configuration(configuration: str, labels: dict[str, str]) -> None:
    """The labels of the top-level section are found, and nothing that merely looks like it."""
    assert parse_status.external_labels({"yaml": configuration}) == labels


@pytest.mark.parametrize(
    "configuration",
    [
        "global:\n  external_labels: [a\n",
        "global:\n  external_labels:\n    cluster: 7\n",
        "global:\n  external_labels: x\n",
    ],
)
def test_labels_that_are_not_text_are_a_bad_answer(configuration: str) -> None:
    """A configuration that Prometheus would not write is refused, without quoting it."""
    with pytest.raises(BadAnswer):
        parse_status.external_labels({"yaml": configuration})


def test_an_object_of_python_in_the_configuration_is_not_built() -> None:
    """YAML is loaded safely."""
    with pytest.raises(BadAnswer):
        parse_status.external_labels({"yaml": "global:\n  external_labels: !!python/object/apply:os.getcwd []\n"})
