"""`python -m tests.smoke.walking ENVIRONMENT RUNS RUN`: one walk on a sandbox, in a process that can be killed."""

import os
import sys
import threading
from pathlib import Path

from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import load, read_secrets, secrets_of
from apgms_ops.environment.model import Environment
from apgms_ops.estate import Estate
from apgms_ops.evidence.earlier import EarlierRuns
from apgms_ops.observation import Recorder
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.probes.journey import journey
from apgms_ops.probes.journey.facts import Journey
from apgms_ops.probes.planned import Planned
from apgms_ops.redact import Redactor


def walk(environment: Environment, runs: Path, run: str, seconds: float = 180) -> Journey:
    """Walk, and return the facts as a check judges them: once they went through JSON."""
    (runs / run).mkdir(parents=True)
    secrets = read_secrets(secrets_of(environment, ["smoke"]), os.environ)
    redact = Redactor(secrets.values())
    estate = Estate(environment, secrets, Recorder(redact))
    facts = journey.function(
        front_door=estate.front_door,
        estate=estate,
        environment=environment,
        planned=Planned(),
        earlier=EarlierRuns(runs, environment.name, run),
        read_only=False,
        interrupted=threading.Event(),
        deadline=Deadline(seconds),
    )
    codec = FactsCodec(journey)
    decoded = codec.decode(codec.encode(facts, redact))
    if not isinstance(decoded, Journey):
        raise TypeError(type(decoded))
    return decoded


if __name__ == "__main__":
    walk(load(Path(sys.argv[1])), Path(sys.argv[2]), sys.argv[3])
