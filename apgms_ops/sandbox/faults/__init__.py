"""Ways to break the sandbox on purpose, each reversible, each naming the checks that must notice."""

from apgms_ops.sandbox.faults.fault import Fault

__all__ = ["Fault"]
