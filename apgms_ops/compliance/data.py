"""Reads the data that is packaged beside this module."""

import tomllib
from importlib import resources
from typing import Any


def read(name: str) -> dict[str, Any]:
    """Return a packaged TOML file, decoded."""
    return tomllib.loads(resources.files("apgms_ops.compliance").joinpath(name).read_text(encoding="utf-8"))
