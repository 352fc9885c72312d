"""Verifies every run and every chain that the front page is about, environment by environment. Offline."""

import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from apgms_ops.evidence import chain
from apgms_ops.evidence.folder import chains
from apgms_ops.evidence.survey import Belief, Seal, State, Surveyed, survey

Believed = Callable[[str], Belief]
"""Environment → whom to believe of it. What is asked for is how a folder is called, and may be anything."""
UNPLACED: Final = "not told"
"""The environment of a folder that tells none."""
_NAME: Final = re.compile(r"\d{8}T[\d.]+Z-(?P<environment>[a-z][a-z0-9-]*)-[0-9a-f]{6}")
_ENVIRONMENT: Final = re.compile(r"[a-z][a-z0-9-]*")
_LONGEST: Final = 1 << 26
"""Bytes of a plan that are read."""
_NOBODY: Final = "nobody said whom to believe"


def nobody(_environment: str) -> Belief:
    """Believe nobody, and know of no chain."""
    return Belief(None, _NOBODY, None)


def placed(folder: Path) -> str:
    """Return the environment that a run claims, by whose keys it is verified: its plan's, else its folder's name's.

    Where either lies, verifying tells: the seal names the environment too, and a chain misses the run.
    """
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        # A pipe in the ledger's place would never answer.
        with os.fdopen(os.open(folder / "ledger.jsonl", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            claimed = json.loads(file.readline(_LONGEST))["body"]["environment"]
        if isinstance(claimed, str):
            return claimed if _ENVIRONMENT.fullmatch(claimed) else UNPLACED
    found = _NAME.fullmatch(folder.name)
    return UNPLACED if found is None else found["environment"]


def verify_all(
    runs: Path, names: Sequence[str], believed: Believed, tell: Callable[[int], None]
) -> dict[str, Surveyed]:
    """Verify runs, and the chains of all of their environments, and those that lie beside the runs.

    Args:
        runs: The folder of runs.
        names: The runs.
        believed: Whom to believe of an environment.
        tell: Hears how many runs were looked at, after each.
    """
    by_environment: dict[str, list[str]] = {}
    # Where every run of an environment was removed, its chain may still be there to say so.
    for file in chains(chain.folder_of(None, runs, runs), None):
        if _ENVIRONMENT.fullmatch(file.parent.name):
            by_environment[file.parent.name] = []
    for name in names:
        by_environment.setdefault(placed(runs / name), []).append(name)
    count = 0

    def one_more() -> None:
        nonlocal count
        count += 1
        tell(count)

    found = {}
    for environment, its in by_environment.items():
        belief = nobody(environment) if environment == UNPLACED else believed(environment)
        found[environment] = survey(runs, environment, its, belief, one_more)
    for refused in found.values():
        for name, seal in refused.strays.items():
            _refuse(name, seal, found.values())
    return found


def _refuse(name: str, seal: Seal, surveys: Iterable[Surveyed]) -> None:
    """Take a run for INVALID that a chain refuses, though it says it is of another environment and nobody says more."""
    for survey_of_its in surveys:
        its = survey_of_its.seals.get(name)
        if its is not None and its.state in (State.UNSEALED, State.UNVERIFIED):
            survey_of_its.seals[name] = seal
