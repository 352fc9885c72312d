"""Where pgBackRest is run: in the pods beside the database, or on this machine."""

import os
import subprocess
from collections.abc import Callable, Sequence

from apgms_ops.clients.pgbackrest import Host, Ran
from apgms_ops.deadline import Deadline
from apgms_ops.errors import DeadlineExceeded, Unreachable
from apgms_ops.estate.pods import LARGEST, Pods


def in_pods(pods: Pods) -> Callable[[Deadline], Sequence[Host]]:
    """Return what finds the pods of a workload."""

    def host(pod: str) -> Host:
        def run(command: Sequence[str], deadline: Deadline) -> Ran:
            done = pods.execute(pod, command, deadline)
            return Ran(done.stdout, done.stderr, done.exit_code, done.cut)

        return Host(f"pod {pod}", run)

    return lambda deadline: [host(pod) for pod in pods.names(deadline)]


def here(_deadline: Deadline) -> Sequence[Host]:
    """Return this machine."""
    return [Host("this machine", _run)]


def _run(command: Sequence[str], deadline: Deadline) -> Ran:
    try:
        done = subprocess.run(  # noqa: S603 — what the environment declares
            list(command),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=deadline.require(f"running {command[0]}"),
            env=dict(os.environ),
        )
    except subprocess.TimeoutExpired:
        msg = f"{command[0]} did not end within {deadline.seconds:g} s"
        raise DeadlineExceeded(msg) from None
    except OSError as error:
        msg = f"{command[0]} cannot be run here: {error.strerror}"
        raise Unreachable(msg) from error
    out, err = (said[:LARGEST].decode(errors="replace") for said in (done.stdout, done.stderr))
    return Ran(out, err, done.returncode, cut=len(done.stdout) > LARGEST)
