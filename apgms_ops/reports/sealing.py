"""Whether a run is sealed. The one place where the reports ask."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

ATTESTATION: Final = "attestation.json"


@dataclass(frozen=True, slots=True)
class Sealing:
    """What is known of a run's seal."""

    sealed: bool
    words: str


def sealing(run: Path) -> Sealing:
    """Say whether a run carries a seal; whether the seal holds, `apgms-ops evidence verify` says.

    Args:
        run: The run's folder.
    """
    if (run / ATTESTATION).is_file():
        return Sealing(sealed=True, words="sealed (not verified here)")
    return Sealing(sealed=False, words="UNSEALED: a record, and no evidence")
