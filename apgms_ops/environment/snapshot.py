"""The environment as a run records it: JSON, secrets by reference, read back as the same environment."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from apgms_ops import observation
from apgms_ops.environment.model import Environment
from apgms_ops.environment.problems import explain
from apgms_ops.errors import EvidenceInvalid


def as_json(environment: Environment) -> dict[str, Any]:
    """Return the JSON object that a run records; defaults are written out, as later ones may differ."""
    data: dict[str, Any] = environment.model_dump(mode="json", by_alias=True, exclude_none=True)
    return data


def canonical(environment: Environment) -> bytes:
    """Return the canonical JSON (RFC 8785) of `as_json`, whose digest names the environment."""
    return observation.canonical(as_json(environment))


def from_json(data: Mapping[str, Any]) -> Environment:
    """Read a recorded environment.

    Raises:
        EvidenceInvalid: It does not fit the model; the text names each key, and what was expected there.
    """
    try:
        return Environment.model_validate_json(json.dumps(data))
    except ValidationError as error:
        problems = "; ".join(explain(error, Environment, data))
        msg = f"recorded environment is malformed: {problems}"
        raise EvidenceInvalid(msg) from None
    except (TypeError, ValueError) as error:
        msg = f"recorded environment is not JSON: {error}"
        raise EvidenceInvalid(msg) from error
