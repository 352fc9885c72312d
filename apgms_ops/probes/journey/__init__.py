"""Runbook, Deployment Procedure, step 5: the customer journey, walked once a run, and the front door it goes through.

`probe.py` and `door.py` look, `walk.py`, `lease.py` and `guide.py` walk, and the others say what was seen.
"""

from apgms_ops.probes.journey.door import front_door_seen
from apgms_ops.probes.journey.probe import journey

__all__ = ["front_door_seen", "journey"]
