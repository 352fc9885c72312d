"""What the faults of the compliance checks need: files of a site, in the running sandbox's own folder."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from apgms_ops.sandbox.state import write_atomically
from apgms_ops.sandbox.world import World

WAIVERS: Final = "waivers.toml"
CONTROLS: Final = "controls.toml"
NO_WAIVER_EXPIRED: Final = "checks/compliance/test_waivers.py::test_no_waiver_has_expired"
WAIVERS_NAME_CHECKS: Final = "checks/compliance/test_waivers.py::test_every_waiver_names_a_check"
WAIVERS_NAME_ENVIRONMENTS: Final = "checks/compliance/test_waivers.py::test_every_waiver_names_an_environment"
CONTROLS_EVIDENCED: Final = "checks/compliance/test_controls.py::test_every_control_has_fresh_evidence"
DOCUMENTS_HOLD: Final = "checks/compliance/test_controls.py::test_every_document_holds"


def put(
    world: World, name: str, table: str, values: Mapping[str, str | Sequence[str]], times: Mapping[str, str]
) -> dict[str, Any]:
    """Write one entry of a list of tables as a file of the site, and return what `take_back` must know.

    No run is excused by what lies there: the waivers that a run applies are those beside the environment's template.

    Args:
        world: The sandbox.
        name: The file's name.
        table: Which list of tables.
        values: Texts, and lists of them.
        times: Moments, with their zone.
    """
    path = world.root / name
    before = path.read_text(encoding="utf-8") if path.exists() else None
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    lines += [f"{key} = {at}" for key, at in times.items()]
    write_atomically(path, "\n".join([f"[[{table}]]", *lines, ""]))
    return {"before": before}


def take_back(world: World, name: str, memo: Mapping[str, Any]) -> None:
    """Have a file of the site be as it was."""
    path = world.root / name
    if memo["before"] is None:
        path.unlink(missing_ok=True)
    else:
        write_atomically(path, memo["before"])
