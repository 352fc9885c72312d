"""Deals groups of tests out to the workers of pytest-xdist."""

from collections.abc import Sequence
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it has no types

from tests.faults.rounds import ROUNDS


class Groups(LoadScopeScheduling):  # type: ignore[misc]  # as above
    """A group goes to one worker: a round of faults, the files of a folder that share a system, or a file."""

    def __init__(self, config: pytest.Config, log: Any, *, shared: Sequence[str]) -> None:  # noqa: ANN401 — xdist's
        """Take the folders whose files share a system."""
        super().__init__(config, log)
        self._shared = shared
        self._rounds = {fault.id: f"round {number}" for number, some in enumerate(ROUNDS, 1) for fault in some}

    def _split_scope(self, nodeid: str) -> str:
        path, _, test = nodeid.partition("::")
        name = test.rpartition("[")[2].removesuffix("]")
        if path.startswith("tests/faults/") and name in self._rounds:
            return self._rounds[name]
        return next((folder for folder in self._shared if path.startswith(folder)), path)
