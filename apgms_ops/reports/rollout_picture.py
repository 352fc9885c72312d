"""What runs of every service: its Deployment's counts beside what is declared, and pod by pod what serves. Pure."""

from typing import Final

from apgms_ops.environment.deployment import DeploymentRules
from apgms_ops.errors import Unobserved
from apgms_ops.probes.rollout_facts import Rollouts, ServiceRollout
from apgms_ops.probes.rollout_pods import PodSeen
from apgms_ops.reports import svg
from apgms_ops.reports.svg import Place

DRAWN: Final = 20
"""Services, and pods of each."""
_WIDTH, _LEFT, _BOX, _ROW = 1100, 292, 12, 18
_WORDS: Final = 120
_COLUMNS: Final = (_LEFT + 20, _LEFT + 270, _LEFT + 360, _LEFT + 540, _LEFT + 620)
_RED, _NOT_KNOWN, _WELL = range(3)


def draw(rollouts: Rollouts, rules: DeploymentRules) -> str:
    """Return the drawing: what is red first, then what is not known."""
    services = sorted(rollouts.services.values(), key=lambda one: (_rank(one, rules)[0], one.service))
    drawing = svg.Drawing(_WIDTH)
    drawing.words(20, 28, "What is rolled out", size=15, bold=True)
    y = 44.0
    for rollout in services[:DRAWN]:
        y = _service(drawing, rollout, rules, y)
    if not services:
        drawing.words(20, y + 16, "No service is declared: nothing was read.", fill=svg.UNKNOWN)
        y += 26
    if len(services) > DRAWN:
        red = sum(_rank(one, rules)[0] < _WELL for one in services[DRAWN:])
        text = f"{len(services) - DRAWN:,} more services are not drawn: {red:,} of them red or not known."
        drawing.words(20, y + 16, text, fill=svg.FAINT, bold=True)
        y += 26
    return drawing.render(y + 8, "Every service's Deployment, what is declared of it, and its pods")


def _service(drawing: svg.Drawing, rollout: ServiceRollout, rules: DeploymentRules, y: float) -> float:
    drawing.words(20, y + 16, svg.shortened(rollout.service, 40), size=14, bold=True, tip=rollout.service)
    seen = rollout.seen
    if seen is not None:
        counts = (
            f"{rollout.declared:,} declared: {seen.wanted:,} wanted, {seen.updated:,} updated, "
            f"{seen.available:,} available, {seen.total:,} in all; generation {seen.observed} of {seen.generation}"
        )
        drawing.words(_LEFT, y + 16, svg.cut(counts, _WORDS))
    y += 22
    rank, why = _rank(rollout, rules)
    if why:
        colour = svg.BAD_DARK if rank == _RED else svg.UNKNOWN
        drawing.words(_LEFT, y + 12, svg.cut(why, _WORDS), fill=colour, size=11, bold=True, tip=why)
        y += _ROW
    for pod in sorted(rollout.pods, key=lambda pod: (not _odd(pod), pod.name))[:DRAWN]:
        _pod(drawing, pod, y)
        y += _ROW
    if len(rollout.pods) > DRAWN:
        drawing.words(_LEFT, y + 12, f"{len(rollout.pods) - DRAWN:,} more pods are not drawn", fill=svg.FAINT, size=11)
        y += _ROW
    return y + 14


def _pod(drawing: svg.Drawing, pod: PodSeen, y: float) -> None:
    place = Place(_LEFT, y + 2, _BOX, _BOX)
    tip = f"{pod.phase}{f', {pod.reason}' if pod.reason else ''}, on {pod.node or 'no node'}"
    if pod.ready and pod.newest and not pod.deleting:
        drawing.box(place, svg.GOOD, tip=tip)
    elif pod.ready or pod.deleting or not pod.starting:
        drawing.box(place, svg.BAD, tip=tip)
    else:
        drawing.unknown(place, tip=tip)
    restarts = sum(one.restarts for one in pod.containers)
    images = ", ".join(sorted({_short(one.digest or "no digest") for one in pod.containers if one.running}))
    for x, text, bad in zip(
        _COLUMNS,
        (
            svg.shortened(pod.name, 36),
            "going" if pod.deleting else "ready" if pod.ready else "not ready",
            "wanted template" if pod.newest else f"older: {pod.replica_set}" if pod.replica_set else "nobody's",
            f"{restarts:,} restarts",
            images or "nothing runs",
        ),
        (False, not pod.ready or pod.deleting, not pod.newest, restarts > 0, False),
        strict=True,
    ):
        drawing.words(x, y + 12, svg.shortened(text, 60), size=11, fill=svg.BAD_DARK if bad else svg.INK, tip=text)


def _odd(pod: PodSeen) -> bool:
    return pod.deleting or not (pod.ready and pod.newest) or any(one.restarts for one in pod.containers)


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]


def _rank(rollout: ServiceRollout, rules: DeploymentRules) -> tuple[int, str]:
    """Return how it stands, as the checks decide it, and why."""
    try:
        return _decided([*rollout.unfinished(rules.settling_time), *rollout.wrong_replicas()])
    except Unobserved as error:
        # What is known all the same, whatever the rest comes to.
        wrong = rollout.wrong_replicas() if rollout.seen is not None else ()
        return _decided([*wrong, str(error)]) if wrong else (_NOT_KNOWN, str(error))


def _decided(found: list[str]) -> tuple[int, str]:
    return (_RED, "; ".join(dict.fromkeys(found))) if found else (_WELL, "")
