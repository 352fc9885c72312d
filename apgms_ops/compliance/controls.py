"""The controls of the ATO's DSP Operational Security Framework, under the ATO's own names."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from apgms_ops.compliance import data
from apgms_ops.environment.types import Model, Name, Seq, Text
from apgms_ops.errors import ConfigurationError


class Control(Model):
    """One control: what it asks for, and what of the runbook evidences it."""

    name: Name
    """As a marker says it: `audit-logging`."""
    asks: Text
    """What the framework asks for."""
    evidence: Text
    """What the runbook has to show for it."""
    by_hand: bool = False
    """Whether evidence must be supplied by hand: no check can give it, and without it the control is a gap."""
    supporting: bool = False
    """Whether what the runbook shows supports the control without meeting it alone."""


class Controls(Model):
    """The controls as they are packaged."""

    controls: Annotated[Seq[Control], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.names)) < len(self.controls):
            msg = "a control is declared twice"
            raise ValueError(msg)
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the framework's order."""
        return tuple(control.name for control in self.controls)

    def control(self, name: str) -> Control:
        """Return a control by its name.

        Raises:
            ConfigurationError: There is none; the text lists those that there are.
        """
        for control in self.controls:
            if control.name == name:
                return control
        msg = f"there is no control {name!r}: there are {', '.join(self.names)}"
        raise ConfigurationError(msg)


def load_controls() -> Controls:
    """Return the packaged controls."""
    return Controls.model_validate(data.read("controls.toml"))
