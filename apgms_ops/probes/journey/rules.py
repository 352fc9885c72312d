"""What the environment says of the journey."""

from apgms_ops.environment.model import Environment, Smoke
from apgms_ops.errors import Unobserved


def smoke_of(environment: Environment) -> Smoke:
    """Return what the journey is held to.

    Raises:
        Unobserved: The environment has no [smoke].
    """
    if not isinstance(environment.smoke, Smoke):
        msg = f"environment {environment.name} has no [smoke]: there is no front door, and nobody to go through it"
        raise Unobserved(msg)
    return environment.smoke


def known_numbers(environment: Environment) -> dict[str, str]:
    """Return business numbers whose answers are known, one an answer: `active`, `cancelled`, `invalid`."""
    found: dict[str, str] = {}
    for service in environment.services.values():
        for known in service.known_abns:
            found.setdefault(known.answer, known.abn)
    return found
