"""The runs of an environment that are kept on this machine, and what they saw."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.run import RecordedRun, read_run
from apgms_ops.observation import Observation
from apgms_ops.verdict import Verdict


def earlier_runs(runs: Path, environment: str, before: str) -> Iterator[RecordedRun]:
    """Yield the finished runs of the environment before the run `before`, the newest first; replays are none.

    A run whose ledger does not verify or was never closed says nothing, and is passed over.
    """
    if not runs.is_dir():
        return
    # A run's name starts with its time, so the names sort by age.
    for folder in sorted((f for f in runs.iterdir() if f.name < before), reverse=True):
        if f"-{environment}-" not in folder.name:
            continue
        try:
            run = read_run(folder)
        except EvidenceInvalid:
            continue
        if run.close is None or run.is_replay or run.environment != environment:
            continue
        yield run


@dataclass(frozen=True, slots=True)
class EarlierRuns:
    """What a probe may ask of the past: the verified, finished runs of its own environment."""

    runs: Path | None = None
    """The folder of runs; None where there is no past."""
    environment: str = ""
    before: str = ""
    """The run that asks."""

    @property
    def folder(self) -> Path | None:
        """The folder of the run that asks; None where there is none."""
        return None if self.runs is None or not self.before else self.runs / self.before

    def seen(self, probe: str) -> Iterator[tuple[str, Observation]]:
        """Yield what a probe saw in each run, whatever was said to it, the newest first.

        Args:
            probe: Whose observation.

        Yields:
            The run's name, and the observation.
        """
        if self.runs is None:
            return
        for run in earlier_runs(self.runs, self.environment, self.before):
            if probe not in run.observations:
                continue
            try:
                observation = run.observation(probe)
            except EvidenceInvalid:
                continue
            if observation is not None and observation.facts is not None:
                yield run.path.name, observation

    def passed(self, probe: str, *beside: str) -> Iterator[tuple[str, Observation]]:
        """Yield what a probe saw in each run in which every check that judged it PASSED, the newest first.

        Args:
            probe: Whose observation.
            beside: Other probes; where they were made, the checks that judged them must have PASSED as well.

        Yields:
            The run's name, and the observation.
        """
        if self.runs is None:
            return
        for run in earlier_runs(self.runs, self.environment, self.before):
            wanted = {probe, *beside}
            judged = [check["id"] for check in run.plan["checks"] if wanted & set(check["probes"])]
            verdicts = {run.verdicts[check]["verdict"] for check in judged if check in run.verdicts}
            if verdicts != {Verdict.PASS.value} or probe not in run.observations:
                continue
            try:
                observation = run.observation(probe)
            except EvidenceInvalid:
                continue
            if observation is not None and observation.facts is not None:
                yield run.path.name, observation
