"""A site whose runs are really sealed: with facts, a key, an authority and a chain, all of which a test may bend."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from apgms_ops.deadline import Deadline
from apgms_ops.evidence.sealing import Sealer
from apgms_ops.evidence.survey import Belief
from tests.evidence.making import Forge
from tests.reports.recorded import write_run
from tests.reports.seen import START, observed


class Site:
    """Runs of one environment, each sealed an hour after it began."""

    def __init__(self, root: Path, environment: str = "production") -> None:
        """Make a folder of runs beside a folder of chains."""
        self.forge = Forge(root, environment)
        self.runs = self.forge.runs
        self.trust = self.forge.trust

    def run(self, at: datetime = START, *, chained: bool = True, left: float = 0.7, **given: Any) -> Path:  # noqa: ANN401 — those of `write_run`
        """Record a run and seal it; an authority dates it where the forge has one."""
        given.setdefault("observations", observed(at, left=left))
        folder = write_run(self.runs, at, name=self.forge.environment, sealed=False, **given)
        # What the forge's clock says is when it is sealed and dated.
        self.forge.clock.at = at + timedelta(hours=1)
        place = self.forge.chain if chained else Path("/dev/null/chain.jsonl")
        Sealer(self.forge.key.signer, self.forge.authority, place, self.forge.clock).seal(folder, Deadline(30))
        return folder

    def days(self, count: int, verdicts: Mapping[int, Mapping[int, str]] | None = None) -> Sequence[Path]:
        """Record and seal a run a day, up to the start; `verdicts` by how many days it is before that."""
        return [
            self.run(START - timedelta(days=days), verdicts=(verdicts or {}).get(days))
            for days in reversed(range(count))
        ]

    def believed(self, environment: str) -> Belief:
        """Return whom the site's file believes, if it is one of this environment and names a key."""
        if environment == self.forge.environment and self.trust.keys:
            return Belief(self.trust, "", self.forge.chain)
        return Belief(None, f"environment {environment} names no key to believe", self.forge.chain)
