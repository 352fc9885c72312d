"""The files that a gate leaves: the step summary, and JUnit's XML."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from apgms_ops.errors import ConfigurationError
from apgms_ops.redact import printable
from apgms_ops.reports.gate.junit import junit, unfinished
from apgms_ops.reports.gate.markdown import summary
from apgms_ops.reports.gate.model import GateResult

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"


@dataclass(frozen=True, slots=True)
class Files:
    """Where they go. What cannot be written at the end is said, and changes no verdict."""

    summary: Path | None
    asked: bool
    """Whether the summary was asked for by name, and is not merely what GitHub offers."""
    junit: Path | None

    @classmethod
    def of(cls, summary: Path | None, junit: Path | None, environ: Mapping[str, str]) -> Self:
        """Take what the command line names, and else what GitHub Actions offers."""
        offered = environ.get(STEP_SUMMARY)
        return cls(summary or (Path(offered) if offered else None), summary is not None, junit)

    def begin(self, environment: str, release: str) -> Iterator[str]:
        """See that they can be written, before anything is started; yield what cannot, and can be done without.

        JUnit's file says from now on that the gate did not come to its end, so that one of an earlier run is not taken
        for this one's.

        Raises:
            ConfigurationError: One that was asked for by name cannot be written.
        """
        if self.junit is not None:
            try:
                self.junit.write_text(unfinished(environment, release), encoding="utf-8")
            except OSError as error:
                raise ConfigurationError(_cannot("--junit", self.junit, error)) from error
        if self.summary is not None:
            try:
                self.summary.open("a", encoding="utf-8").close()
            except OSError as error:
                if self.asked:
                    raise ConfigurationError(_cannot("--summary", self.summary, error)) from error
                yield _cannot(f"${STEP_SUMMARY}", self.summary, error)

    def write(self, result: GateResult) -> Iterator[str]:
        """Write them; yield what could not be."""
        if self.junit is not None:
            try:
                self.junit.write_text(junit(result), encoding="utf-8")
            except OSError as error:
                yield _cannot("--junit", self.junit, error)
        if self.summary is not None:
            try:
                # What earlier parts of the step have said stays.
                with self.summary.open("a", encoding="utf-8") as file:
                    file.write(summary(result))
            except OSError as error:
                yield _cannot("the summary", self.summary, error)


def _cannot(what: str, path: Path, error: OSError) -> str:
    return f"{what} {printable(str(path), limit=300)} cannot be written: {error.strerror}"
