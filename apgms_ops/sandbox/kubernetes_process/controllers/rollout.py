"""The arithmetic of a rolling update: how many pods of the new template there may be, and how few of the old."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from apgms_ops.sandbox.kubernetes_process.kinds import Object


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a Deployment's strategy allows."""

    replicas: int
    surge: int
    """Pods beyond the replicas."""
    unavailable: int
    """Replicas that may be missing."""

    @classmethod
    def of(cls, spec: Object) -> "Bounds":
        """Read them: percentages of the replicas, the surge rounded up, what may be missing down; never both zero."""
        replicas = spec["replicas"]
        rolling = spec["strategy"].get("rollingUpdate") or {}
        surge = _number(rolling.get("maxSurge", 0), replicas, up=True)
        unavailable = _number(rolling.get("maxUnavailable", 0), replicas, up=False)
        if surge == 0 and unavailable == 0:
            unavailable = 1
        return cls(replicas, surge, min(unavailable, replicas))

    @property
    def most(self) -> int:
        """Pods that there may be."""
        return self.replicas + self.surge

    @property
    def least(self) -> int:
        """Replicas that must be available."""
        return self.replicas - self.unavailable


def new_size(bounds: Bounds, new: int, total: int) -> int:
    """Return how many replicas the new ReplicaSet shall have, of which it has `new` now and all have `total`."""
    if new >= bounds.replicas:
        return bounds.replicas
    room = bounds.most - total
    return new if room <= 0 else min(new + room, bounds.replicas)


def old_sizes(bounds: Bounds, new: Object, old: Sequence[Object]) -> dict[str, int]:
    """Return how many replicas the old ReplicaSets shall have, where it is fewer than now: name → replicas.

    First go those that do not work anyway, then as many as there are available beyond the least.
    """
    sizes = {item["metadata"]["name"]: item["spec"]["replicas"] for item in old}
    before = dict(sizes)
    missing = new["spec"]["replicas"] - _available(new)
    removable = sum(sizes.values()) + new["spec"]["replicas"] - bounds.least - missing
    if removable <= 0:
        return {}
    for item in old:
        name = item["metadata"]["name"]
        broken = min(removable, max(0, sizes[name] - _available(item)))
        sizes[name] -= broken
        removable -= broken
    spare = _available(new) + sum(map(_available, old)) - bounds.least
    for item in old:
        name = item["metadata"]["name"]
        fewer = min(max(0, spare), removable, sizes[name])
        sizes[name] -= fewer
        spare -= fewer
        removable -= fewer
    return {name: size for name, size in sizes.items() if size != before[name]}


def _available(item: Object) -> int:
    return int((item.get("status") or {}).get("availableReplicas", 0))


def _number(value: object, replicas: int, *, up: bool) -> int:
    if isinstance(value, str):
        share = int(value.removesuffix("%")) * replicas / 100
        return math.ceil(share) if up else math.floor(share)
    return int(str(value))
