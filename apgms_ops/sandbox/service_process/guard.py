"""The one place that catches everything: a handler that fails must not take its server or its consumer down."""

import traceback
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")


def guarded(work: Callable[[], _Result], failed: Callable[[str], _Result]) -> _Result:
    """Return what `work` returns; should it raise what nobody foresaw, what `failed` makes of the traceback."""
    try:
        return work()
    except Exception:  # noqa: BLE001 — what nobody foresaw has no closed list; it is logged, and the process goes on
        return failed(traceback.format_exc(limit=-4))
