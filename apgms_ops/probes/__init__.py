"""What a run reads, one module a runbook section.

A probe reads through clients and returns facts; it judges nothing.
"""

from apgms_ops.probes.probe import Probe, probe

__all__ = ["Probe", "probe"]
