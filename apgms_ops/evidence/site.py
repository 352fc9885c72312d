"""Where a run's own surroundings lie: what a probe may look at besides the estate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from apgms_ops.environment.evidence import Evidence
from apgms_ops.environment.model import Environment
from apgms_ops.evidence import chain


@dataclass(frozen=True, slots=True)
class Site:
    """Folders, which need not exist."""

    root: Path | None = None
    """The root of the checks; None where there are no surroundings."""
    runs: Path | None = None
    """The folder of runs."""
    environments: tuple[Path, ...] = ()
    """Those in which waivers.toml and controls.toml may lie: beside the environment's file, and of the sandbox, whose
    file is a template, beside the running one's copy as well."""
    planned: Mapping[str, str | None] = field(default_factory=dict)
    """The checks of this run: node id → why it will be SKIPPED; None where it is judged."""

    def chain(self, environment: Environment) -> Path | None:
        """Return the file of the environment's chain, which need not exist; None where there are no surroundings."""
        if self.root is None or self.runs is None:
            return None
        evidence = environment.evidence
        declared = evidence.chain if isinstance(evidence, Evidence) else None
        return chain.path_of(chain.folder_of(declared, self.runs, self.root), environment.name)
