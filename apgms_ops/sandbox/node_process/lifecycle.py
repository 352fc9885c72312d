"""What to do about the difference between what is wanted of a container and what is: pure, and as a kubelet decides."""

from dataclasses import dataclass, replace
from typing import Final

from apgms_ops.sandbox.node_process.pod import Container, Pod
from apgms_ops.sandbox.node_process.record import Backing, ContainerRecord, Ended, PodRecord, Run, Waiting

FIRST_BACK_OFF: Final = 10.0
"""Seconds to the second restart; the first is at once."""
LONGEST_BACK_OFF: Final = 300.0
FORGIVEN: Final = 600.0
"""Seconds of running after which earlier crashes are forgotten."""
_KILLED: Final = 137
HELD: Final = 1.0
"""Seconds between two looks at whether a process is still held down."""


@dataclass(frozen=True, slots=True)
class Start:
    """Pull the image where it is not here, and start the process."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Ask the process to end."""

    seconds: float
    """Until it is ended."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing before `until`, and say why."""

    waiting: Waiting
    until: float


@dataclass(frozen=True, slots=True)
class Rest:
    """Do nothing until something happens."""


Step = Start | Stop | Wait | Rest


def step(pod: Pod, wanted: Container, now: ContainerRecord, clock: float, *, held: bool) -> Step:
    """Return what to do about one container.

    Args:
        pod: Whose it is.
        wanted: As its pod declares it.
        now: As it is.
        clock: Seconds since the epoch.
        held: Whether its process is held down.
    """
    if now.run is not None:
        return Stop(pod.grace) if pod.deleting and now.run.owned and not now.stopping else Rest()
    if pod.deleting or (now.ended is not None and not restarts(pod, now.ended)):
        return Rest()
    if now.pulls.until > clock:
        return Wait(Waiting("ImagePullBackOff", f'Back-off pulling image "{wanted.image}"'), now.pulls.until)
    since = now.ended.ended if now.ended is not None else clock
    if now.crashes.until > clock:
        return Wait(_crash_loop(pod, wanted, now.crashes.until - since), now.crashes.until)
    if held:
        return Wait(_crash_loop(pod, wanted, FIRST_BACK_OFF), clock + HELD)
    return Start()


def restarts(pod: Pod, ended: Ended) -> bool:
    """Whether a run that ended so is followed by another."""
    return pod.restart_policy == "Always" or (pod.restart_policy == "OnFailure" and ended.exit_code != 0)


def started(now: ContainerRecord, run: Run, image_id: str) -> ContainerRecord:
    """Return a container that runs now: what ran before is its last state, and counts as a restart."""
    before = now.ended or now.last
    return replace(
        now,
        run=run,
        image_id=image_id,
        ended=None,
        waiting=None,
        last=before,
        restarts=now.restarts + (1 if now.ended is not None else 0),
        ready=False,
        pulls=Backing(),
        stopping=False,
    )


def ended(now: ContainerRecord, exit_code: int | None, clock: float, *, starved: bool = False) -> ContainerRecord:
    """Return a container whose run has ended, and when it may be started again.

    Args:
        now: As it was.
        exit_code: What it ended with, 128 and the signal for a signal; None where nobody can know.
        clock: Seconds since the epoch.
        starved: Whether the kernel ended it for lack of memory, if it was killed at all.
    """
    run = now.run
    if run is None:
        return now
    known = _KILLED if exit_code is None else exit_code
    reason = "ContainerStatusUnknown" if exit_code is None else "Error" if exit_code else "Completed"
    reason = "OOMKilled" if starved and exit_code == _KILLED else reason
    over = Ended(run.identity, run.began, clock, known, reason)
    crashes = now.crashes if clock - run.began < FORGIVEN else Backing()
    # The first restart is at once, each further one waits twice as long as the one before.
    # What we do not start ourselves is not held back.
    crashes = Backing(_longer(crashes.wait), clock + crashes.wait) if run.owned else Backing()
    return replace(now, run=None, ended=over, waiting=None, ready=False, crashes=crashes, stopping=False)


def not_pulled(now: ContainerRecord, clock: float, why: str) -> ContainerRecord:
    """Return a container whose image could not be pulled, and when to try again."""
    wait = _longer(now.pulls.wait)
    return replace(now, waiting=Waiting("ErrImagePull", why), pulls=Backing(wait, clock + wait))


def over(pod: Pod, record: PodRecord) -> bool:
    """Whether nothing of a pod that is being deleted runs any more."""
    return pod.deleting and all(c.run is None or not c.run.owned for c in record.containers)


def _crash_loop(pod: Pod, wanted: Container, seconds: float) -> Waiting:
    """Say that a container is not started again yet, in a kubelet's words."""
    whose = f"container={wanted.name} pod={pod.name}_{pod.namespace}({pod.uid})"
    return Waiting("CrashLoopBackOff", f"back-off {_duration(seconds)} restarting failed {whose}")


def _longer(wait: float) -> float:
    return min(wait * 2, LONGEST_BACK_OFF) if wait else FIRST_BACK_OFF


def _duration(seconds: float) -> str:
    """Return seconds as Go writes a duration: 10s, 2m40s."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
