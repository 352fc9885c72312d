"""What the estate must comply with: the runbook's steps and the ATO's controls, as packaged data and its model.

Only the data, its model and pure functions over both may enter: nothing here knows a client or pytest.
"""

from apgms_ops.compliance.controls import Control, Controls, load_controls
from apgms_ops.compliance.runbook import Runbook, Section, Step, load_runbook

__all__ = ["Control", "Controls", "Runbook", "Section", "Step", "load_controls", "load_runbook"]
