"""What is kept of an incident before it is gone: logs, events, rollouts and a run of the checks, in one bundle.

May enter: what reads, masks and packs. Everything works with whatever still answers, and says what could not be had.
"""

from apgms_ops.incidents.diagnostics.bundle import write
from apgms_ops.incidents.diagnostics.collecting import collect
from apgms_ops.incidents.diagnostics.gathering import Gathering
from apgms_ops.incidents.diagnostics.material import About, Piece, Taken
from apgms_ops.incidents.diagnostics.recorded import pieces_of_run

__all__ = ["About", "Gathering", "Piece", "Taken", "collect", "pieces_of_run", "write"]
