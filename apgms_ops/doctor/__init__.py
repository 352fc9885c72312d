"""What every target says of itself before a check is run: is it there, does it let us in, is it the right one?

Only reading, and what a person must do about each cross, may enter. The checks judge what the targets say of the
estate; here it is only whether they could be asked.
"""

from apgms_ops.doctor.examination import examine
from apgms_ops.doctor.findings import Aspect, Diagnosis, Finding
from apgms_ops.doctor.targets import Target, targets_of

__all__ = ["Aspect", "Diagnosis", "Finding", "Target", "examine", "targets_of"]
