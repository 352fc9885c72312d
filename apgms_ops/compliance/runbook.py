"""The runbook: sections of numbered steps, each with what a person does at it."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from apgms_ops.compliance import data
from apgms_ops.environment.types import Model, Name, Seq, Text
from apgms_ops.errors import ConfigurationError


class Step(Model):
    """One step: what it is called, and what the person does who reads it."""

    number: Annotated[int, Field(ge=1)]
    """Its number in the runbook."""
    title: Text
    """Its heading."""
    does: Text
    """What the person does, in one line."""
    command: Text | None = None
    """The command that carries it out, where it is no check."""
    planned: bool = False
    """Whether its check or command is still to come."""


class Section(Model):
    """A section of the runbook."""

    name: Name
    """As a marker says it: `daily-checks`."""
    title: Text
    """Its heading."""
    when: Text
    """When it is worked through."""
    steps: Annotated[Seq[Step], Field(min_length=1)]
    """In the runbook's order, numbered from 1."""

    @model_validator(mode="after")
    def _numbered(self) -> Self:
        if [step.number for step in self.steps] != list(range(1, len(self.steps) + 1)):
            msg = f"the steps of {self.name} must be numbered from 1 without a gap"
            raise ValueError(msg)
        return self


class Runbook(Model):
    """The runbook as it is packaged."""

    sections: Annotated[Seq[Section], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [section.name for section in self.sections]
        if len(set(names)) < len(names):
            msg = "a section is declared twice"
            raise ValueError(msg)
        return self

    def section(self, name: str) -> Section:
        """Return a section by its name.

        Raises:
            ConfigurationError: There is none; the text lists those that there are.
        """
        for section in self.sections:
            if section.name == name:
                return section
        there_are = ", ".join(section.name for section in self.sections)
        msg = f"the runbook has no section {name!r}: there are {there_are}"
        raise ConfigurationError(msg)

    def step(self, section: str, number: int) -> Step:
        """Return a step by its section and number.

        Raises:
            ConfigurationError: There is none; the text lists those that there are.
        """
        steps = self.section(section).steps
        # `True == 1` in Python; a marker that says True names no step.
        if type(number) is int and 1 <= number <= len(steps):
            return steps[number - 1]
        there_are = ", ".join(f"{step.number} ({step.title})" for step in steps)
        msg = f"section {section} of the runbook has no step {number!r}: there are {there_are}"
        raise ConfigurationError(msg)


def load_runbook() -> Runbook:
    """Return the packaged runbook."""
    return Runbook.model_validate(data.read("runbook.toml"))
