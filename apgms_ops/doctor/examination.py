"""Asks all targets at once, each under the same deadline, and says of each what came of it."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

from apgms_ops.deadline import Deadline
from apgms_ops.doctor.findings import Diagnosis, Finding, of_error, of_told
from apgms_ops.doctor.targets import Target
from apgms_ops.environment.model import Environment
from apgms_ops.errors import DeadlineExceeded, Unobserved
from apgms_ops.estate import Estate
from apgms_ops.observation import Recorder
from apgms_ops.redact import Redactor, printable
from apgms_ops.secret import Secret, SecretReference

_GRACE = 1.0
"""Seconds for which a client is waited for that does not keep to its deadline."""


def examine(
    environment: Environment,
    targets: Sequence[Target],
    secrets: Mapping[SecretReference, Secret],
    deadline: Deadline,
) -> tuple[Diagnosis, ...]:
    """Ask every target what it is.

    Args:
        environment: Whose.
        targets: Those to ask.
        secrets: The secrets of their sections.
        deadline: For all of them together: they are asked at once.
    """
    redactor = Redactor(secrets.values())
    found: dict[int, Diagnosis] = {}

    def ask(number: int, target: Target) -> None:
        recorder = Recorder(redactor)
        try:
            told = target.ask(Estate(environment, secrets, recorder), recorder, deadline)
        except Unobserved as error:
            diagnosis = of_error(target.name, target.where, error)
        except Exception as error:  # noqa: BLE001 — whatever it is, it is what came of asking
            diagnosis = of_error(target.name, target.where, Unobserved(f"{type(error).__name__}: {error}"))
        else:
            diagnosis = of_told(target.name, target.where, told, target.wanted)
        found[number] = _harmless(diagnosis, redactor)

    threads = [
        threading.Thread(target=ask, args=(number, target), daemon=True, name=f"doctor-{target.name}")
        for number, target in enumerate(targets)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(deadline.remaining + _GRACE)
    late = DeadlineExceeded(f"no answer within {deadline.seconds:g} s")
    return tuple(
        found.get(number) or of_error(target.name, target.where, late) for number, target in enumerate(targets)
    )


def _harmless(diagnosis: Diagnosis, redactor: Redactor) -> Diagnosis:
    """Return it without secrets, and without what a terminal would obey: targets say what they like."""

    def clean(finding: Finding) -> Finding:
        said, remedy = (printable(redactor(text), limit=500) for text in (finding.said, finding.remedy))
        return Finding(finding.verdict, said, remedy)

    return replace(diagnosis, findings={aspect: clean(finding) for aspect, finding in diagnosis.findings.items()})
