"""What is drawn of the customer journey: each step over the last walks, beside its limit."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime

from apgms_ops.clients.gateway.journey_facts import Exchanged
from apgms_ops.environment.limits import Limits
from apgms_ops.environment.loading import load
from apgms_ops.environment.model import Smoke
from apgms_ops.observation import Observation
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.probes.journey import journey
from apgms_ops.probes.journey.facts import Journey, Stopped
from apgms_ops.probes.journey.past import Past
from apgms_ops.reports import journey_picture, svg
from apgms_ops.reports.pictures import picture
from tests.environment.test_smoke import SHIPPED

AT = datetime(2026, 11, 26, 7, tzinfo=UTC)
ENVIRONMENT = load(SHIPPED / "production.toml")


def rules() -> Smoke:
    """Return what it is held to: two seconds a request."""
    assert isinstance(ENVIRONMENT.smoke, Smoke)
    return ENVIRONMENT.smoke


def walked(**steps: float) -> Journey:
    """Return a walk whose requests took so many seconds."""
    exchanges = {
        name: Exchanged(name.replace("_", "-"), name, "GET /x", f"id-{name}", AT, took, 200)
        for name, took in steps.items()
    }
    return Journey("0123456789ab", AT, read_only=False, organisation="org-smoke", exchanges=exchanges)


def words(drawing: str) -> str:
    """Return every text of a drawing, which must be well-formed XML."""
    root = ET.fromstring(drawing)  # noqa: S314 — our own drawing
    return " | ".join(element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text"))


def test_each_step_is_a_row_with_its_limit() -> None:
    """A step says how long it took, of which limit, and where that comes from."""
    said = words(journey_picture.draw(walked(log_in=0.25, pay=0.5), rules()))
    assert "log-in | 0.250 s of 2s (decision: what a person waits for without wondering)" in said
    assert "one walk, 2026-11-26 07:00:00 UTC" in said


def test_a_step_at_its_limit_is_red() -> None:
    """A step that took as long as its limit is drawn as the check judges it."""
    drawing = journey_picture.draw(walked(log_in=2.0, pay=1.9), rules())
    assert drawing.count(f'fill="{svg.BAD}"') == 1


def test_earlier_walks_stand_beside_it() -> None:
    """Each walk is a column; a step that one did not reach is hatched, never a column of height zero."""
    past = Past("run-1", AT, {"log-in": 3.0})
    drawing = journey_picture.draw(replace(walked(log_in=0.1, pay=0.1), past=(past,)), rules())
    assert "the last 2 walks" in words(drawing)
    assert drawing.count(f'fill="{svg.BAD}"') == 1
    assert drawing.count("url(#unknown)") == 1
    assert "run-1, 11-26 07:00: not reached" in drawing


def test_where_a_walk_ended_is_said() -> None:
    """A walk that ended early says where, and why."""
    stopped = Stopped("deposit", "it was answered with 500")
    said = words(journey_picture.draw(replace(walked(log_in=0.1), stopped=stopped), rules()))
    assert "The walk ended at deposit: it was answered with 500" in said


def test_it_is_drawn_of_what_was_recorded() -> None:
    """An observation of the journey has this picture, where the environment says what it is held to."""
    codec = FactsCodec(journey)
    facts = codec.encode(walked(log_in=0.1), str)
    observation = Observation("journey", codec.schema, AT, AT, 1.0, facts)
    assert (picture(observation, Limits(), smoke=rules()) or "").startswith("<svg")
    assert picture(observation, Limits()) is None
