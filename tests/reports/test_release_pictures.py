"""What is drawn of a release: what is rolled out, and how it serves beside what was there before."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.environment.deployment import DeploymentRules
from apgms_ops.environment.limits import Limits
from apgms_ops.observation import Observation
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.probes.comparison_facts import ReleaseComparison
from apgms_ops.probes.rollout_facts import Rollouts, ServiceRollout
from apgms_ops.probes.rollouts import rollouts
from apgms_ops.reports import comparison_picture, rollout_picture, svg
from apgms_ops.reports.pictures import picture
from tests.probes import cluster as toy
from tests.probes.cluster import Cluster
from tests.probes.test_comparison_facts import compared
from tests.probes.test_rollout_facts import OLD, POD, STARTING, container, rollout

RULES = DeploymentRules()
HATCHED = "url(#unknown)"


def words(drawing: str) -> str:
    """Return every text of a drawing, which must be well-formed XML."""
    root = ET.fromstring(drawing)  # noqa: S314 — our own drawing
    return " | ".join(element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text"))


def shapes(drawing: str, fill: str) -> int:
    """Return how many rectangles have a colour."""
    return drawing.count(f'fill="{fill}"')


def drawn(*services: ServiceRollout) -> str:
    """Return the drawing of these rollouts."""
    return rollout_picture.draw(Rollouts({f"s{n}": one for n, one in enumerate(services)}), RULES)


def before_and_after(**changed: Any) -> str:  # noqa: ANN401 — whatever the facts hold
    """Return the drawing of one comparison."""
    return comparison_picture.draw(ReleaseComparison({"api-gateway": compared(**changed)}), RULES)


def test_a_complete_rollout_is_all_blue() -> None:
    """Two pods, both ready and of the wanted template, beside what is declared."""
    drawing = drawn(rollout())
    assert (shapes(drawing, svg.GOOD), shapes(drawing, svg.BAD), shapes(drawing, HATCHED)) == (2, 0, 0)
    assert "2 declared: 2 wanted, 2 updated, 2 available, 2 in all; generation 4 of 4" in words(drawing)


def test_what_is_left_of_an_older_release_is_red_and_comes_first() -> None:
    """One pod of the older template, and the finding of the check."""
    old = replace(POD, name="payments-old-1", newest=False, replica_set="payments-old")
    drawing = drawn(rollout(), replace(rollout(POD, old, old=replace(OLD, replicas=1, ready=1), total=3), service="a"))
    said = words(drawing)
    assert shapes(drawing, svg.BAD) == 1
    assert "1 pods of the older payments-old are left" in said
    assert said.index("older: payments-old") < said.rindex("payments-new-1")


def test_a_pod_that_is_only_starting_is_hatched() -> None:
    """It is neither good nor bad yet."""
    drawing = drawn(rollout(POD, STARTING, available=1))
    assert shapes(drawing, HATCHED) == 1
    assert "a rollout is under way" in words(drawing)


def test_what_the_check_does_not_know_is_said_beside_what_it_does() -> None:
    """Scaled to none is known, however far behind the controller is."""
    said = words(drawn(rollout(POD, generation=5, changed_at=None, wanted=0)))
    assert "scaled to 0" in said
    assert "has seen generation 4" in words(drawn(rollout(generation=5, changed_at=None)))


def test_restarts_and_digests_are_told_pod_by_pod() -> None:
    """The tag would say nothing."""
    said = words(drawn(rollout(container(restarts=3))))
    assert "3 restarts" in said
    assert "aaaaaaaaaaaa" in said


def test_a_release_that_is_no_worse_is_blue() -> None:
    """Both shares, their requests, and what may be."""
    drawing = before_and_after()
    assert shapes(drawing, svg.BAD) == 0
    for part in ("before: 0.02% of 10,000 requests", "after: 0.50% of 10,000", "0.1% more than before"):
        assert part in words(drawing)


def test_a_release_that_fails_more_is_red() -> None:
    """Red alone where it is worse, with the check's sentence."""
    drawing = before_and_after(now={"failed": 600})
    assert shapes(drawing, svg.BAD) == 1
    assert "allowed are 0.1% more" in words(drawing)


@pytest.mark.parametrize("changed", [{"after": None}, {"before": None, "after": None, "completed_at": None}])
def test_what_is_not_over_is_hatched(changed: dict[str, Any]) -> None:
    """A time that is not over has no bar of length zero."""
    drawing = before_and_after(**changed)
    assert shapes(drawing, HATCHED) == 2 * sum(changed[name] is None for name in ("before", "after") if name in changed)
    assert "not known" in words(drawing)


def test_nothing_is_not_a_picture_of_health() -> None:
    """It says that there is nothing."""
    assert "nothing was read" in words(drawn())
    assert "nothing was compared" in words(comparison_picture.draw(ReleaseComparison({}), RULES))


def test_many_services_make_a_picture_of_the_worst() -> None:
    """What is left out is counted."""
    many = ReleaseComparison({f"s{n:02}": replace(compared(), service=f"s{n:02}") for n in range(25)})
    assert "5 more services are not drawn: 0 of them red" in words(comparison_picture.draw(many, RULES))
    assert "5 more services are not drawn" in words(drawn(*[rollout()] * 25))


def test_hostile_names_are_inert() -> None:
    """A name from outside is text, whatever it holds."""
    name = "<script>alert(1)</script>"
    assert "<script" not in drawn(rollout(replace(POD, name=name)))
    assert "<script" not in before_and_after(service=name)


def test_a_recorded_rollout_is_drawn() -> None:
    """By the name of its probe, from what was recorded."""
    codec = FactsCodec(rollouts)
    facts = rollouts.function(Cluster(), toy.ENVIRONMENT, Deadline(5))
    observation = Observation("rollouts", codec.schema, toy.AT, toy.AT, 1.0, facts=codec.encode(facts, str))
    assert "What is rolled out" in words(picture(observation, Limits(), RULES) or "")
    assert picture(replace(observation, schema="of another version"), Limits(), RULES) is None
