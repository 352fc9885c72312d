"""What the report of one run says of its seal: that there is one. Whether it holds, the front page says of all runs."""

from pathlib import Path

from apgms_ops.evidence.verify import is_sealed


def sealing(run: Path) -> str:
    """Say whether a run carries a seal; whether the seal holds, `apgms-ops evidence verify` says.

    Args:
        run: The run's folder.
    """
    return "sealed (not verified here)" if is_sealed(run) else "UNSEALED: a record, and no evidence"
