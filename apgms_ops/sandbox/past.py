"""What the samples of a past are written with, and how a series leads up to what a live one stands at."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise


def begun(values: Sequence[float]) -> int:
    """Return where a counter last fell, and so its process began; 0 if it never did."""
    return max((at for at, (before, value) in enumerate(pairwise(values), 1) if value < before), default=0)


def lines(name: str, labels: Mapping[str, str], times: Sequence[int], values: Sequence[float]) -> str:
    """Return the samples of one series, as promtool reads them."""
    inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return "".join([f"{name}{{{inner}}} {value} {time}\n" for time, value in zip(times, values, strict=True)])


def below(live: float, offsets: Sequence[int]) -> list[float]:
    """Return a past of offsets that never fell and ends at the live one."""
    return [max(0, math.floor(live * (offset / offsets[-1]))) if offsets[-1] else live for offset in offsets]
