"""What to do once a gate is over, in sentences and commands. Pure."""

import shlex
from dataclasses import dataclass

from apgms_ops.environment.model import Absent, Environment
from apgms_ops.evidence.run import RecordedRun
from apgms_ops.releases.gate_agreement import EXIT_INTERRUPTED
from apgms_ops.releases.gate_rollback import UNNAMED, Before, commands, rollouts_of
from apgms_ops.verdict import EXIT_FAIL, EXIT_GREEN, EXIT_UNKNOWN, Verdict


@dataclass(frozen=True, slots=True)
class Advised:
    """What to do now."""

    title: str
    sentences: tuple[str, ...]
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """What is advised on."""

    environment: Environment
    asked: str
    """The environment as the command line names it: for commands that name it again."""
    release: str
    code: int
    run: RecordedRun | None
    """The run that decided; None where it left nothing."""
    before: Before | None
    """The release that ran before; None where nothing that is kept here says."""


def advise(case: Case) -> Advised | None:
    """Return what to do; None where the release may go on."""
    if case.code == EXIT_GREEN:
        return None
    if case.code == EXIT_FAIL:
        return _roll_back(case)
    if case.code == EXIT_UNKNOWN:
        return _ask_again(case)
    if case.code == EXIT_INTERRUPTED:
        sentences = ("It was interrupted: nothing is decided. Run it again.",)
        return Advised("Interrupted", sentences, (_gate(case, case.release),))
    sentence = "Nothing is known of the release: pytest did not come to a verdict, and its output says why."
    return Advised("No verdict", (sentence,), (_gate(case, case.release),))


def _roll_back(case: Case) -> Advised:
    now = None if case.run is None else rollouts_of(case.run)
    found = commands(case.environment, now, case.before)
    sentences = [_where_to(case)]
    if found:
        sentences.append("Run them with credentials that may change Deployments: those of the checks may only read.")
    else:
        sentences.append(_no_cluster(case.environment))
    if case.environment.deployment.migrations:
        sentences.append("Migrations stay applied: see that the release before can live with them.")
    sentences += _look_at(case)
    release = case.before.release if case.before else UNNAMED
    again = _gate(case, release) if case.before else f"{_gate(case, release)}  # the release before"
    return Advised("Roll back", tuple(sentences), (*found, again, *_report(case)))


def _where_to(case: Case) -> str:
    if case.before is None:
        return (
            "Which release ran before is not known: no earlier green run of another release is kept here. An undo goes "
            "to the template before, and a restart since then is one as well: look first at kubectl rollout history."
        )
    return f"The release that ran before is {case.before.release}: run {case.before.run} was green on it."


def _no_cluster(environment: Environment) -> str:
    declared = environment.kubernetes
    reason = declared.absent if isinstance(declared, Absent) else "the environment declares none"
    return f"There is no cluster to roll back in ({reason}): go back the way it was deployed."


def _look_at(case: Case) -> list[str]:
    """Name the steps of the runbook that failed, each once."""
    run = case.run
    if run is None:
        return []
    steps: dict[str, None] = {}
    for check in run.plan["checks"]:
        if run.verdicts.get(check["id"], {}).get("verdict") == Verdict.FAIL.value:
            section, number = check["runbook"]
            steps[f"{section} {number}, {check['step_title']}"] = None
    return [f"Look at the runbook: {'; '.join(steps)}."] if steps else []


def _ask_again(case: Case) -> Advised:
    sentences = (
        "Neither go on nor roll back because of this: what could not be observed may be well, and may be broken.",
        "Each check that is UNKNOWN says why.",
        "What is not over (a rollout, its soak, the requests that are compared) says when to ask again.",
        "What refuses, hangs or is another system than the pinned one is told by the doctor.",
        "If it stays so, decide by hand, and write down why.",
    )
    doctor = f"apgms-ops doctor --env {shlex.quote(case.asked)}"
    return Advised("Could not tell", sentences, (doctor, _gate(case, case.release), *_report(case)))


def _gate(case: Case, release: str) -> str:
    return f"apgms-ops gate --env {shlex.quote(case.asked)} --release {release}"


def _report(case: Case) -> tuple[str, ...]:
    return () if case.run is None else (f"apgms-ops report {shlex.quote(case.run.path.name)}",)
