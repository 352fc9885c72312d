"""How a sealed run is kept in an object store: its object's name, and what is written beside it. Pure.

An object is a bundle of one run (bundle.py), which `evidence verify` takes as it is:
`PREFIX/ENVIRONMENT/SEQUENCE-RUN.zip`, where the sequence is the run's place in its chain, in eight digits, so that a
listing is in the order of the chain and a run that is missing shows; `unchained` where it has none.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from apgms_ops.evidence.verify import Proof

ATTESTATION: Final = "attestation"
"""Metadata: SHA-256 of the run's seal."""
SEALED_AT: Final = "sealed-at"
"""Metadata: what the seal says, in RFC 3339."""
UNCHAINED: Final = "unchained"
_NAME: Final = re.compile(
    r"(?P<seq>[0-9]{8,12}|unchained)-(?P<run>(?P<at>[0-9]{8}T[0-9]{6}\.[0-9]{3}Z)-[a-z0-9-]{1,100})\.zip\Z"
)
_TIME: Final = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True, slots=True)
class Name:
    """What an object's name says."""

    seq: int | None
    run: str
    began: datetime


def folder_of(prefix: str, environment: str) -> str:
    """Return what the names of an environment's objects begin with."""
    return f"{prefix}/{environment}/"


def key_of(prefix: str, proof: Proof) -> str:
    """Return the name under which a verified run is kept."""
    place = UNCHAINED if proof.seq is None else f"{proof.seq:08d}"
    return f"{folder_of(prefix, proof.environment)}{place}-{proof.run}.zip"


def parse(key: str) -> Name | None:
    """Return what a name says; None where it is not one of a run."""
    match = _NAME.fullmatch(key.rpartition("/")[2])
    if match is None:
        return None
    try:
        began = began_at(match["run"])
    except ValueError:
        return None
    return Name(None if match["seq"] == UNCHAINED else int(match["seq"]), match["run"], began)


def began_at(run: str) -> datetime:
    """Return when a run began, as its name says.

    Raises:
        ValueError: It is not the name of a run.
    """
    return datetime.strptime(run.partition("-")[0], _TIME).replace(tzinfo=UTC)


def metadata(proof: Proof) -> dict[str, str]:
    """Return what is written beside a run."""
    return {ATTESTATION: proof.attestation, SEALED_AT: proof.sealed_at.astimezone(UTC).isoformat()}


def gaps(places: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last place of each gap between the lowest and the highest of these."""
    known = sorted(set(places))
    for before, after in pairwise(known):
        if after > before + 1:
            yield before + 1, after - 1
