"""How to go back to the release before: the exact commands, for a person to run.

`kubectl rollout undo` goes to the template before, whatever that was: to another one than the release before where
somebody has restarted or reconfigured since, and one release too far where this one was never rolled out. So the
ReplicaSet that ran in an earlier green run of the checks is looked for, and named by the revision that it has now.
"""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from apgms_ops.environment.kubernetes import IN_CLUSTER
from apgms_ops.environment.model import Environment, Kubernetes
from apgms_ops.environment.types import format_duration
from apgms_ops.errors import ApgmsOpsError
from apgms_ops.evidence.earlier import earlier_runs
from apgms_ops.evidence.run import RecordedRun
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.probes.rollout_facts import ReplicaSetSeen, Rollouts
from apgms_ops.probes.rollouts import rollouts
from apgms_ops.verdict import EXIT_GREEN

_LOOKED_AT: Final = 200
"""Earlier runs that are looked through."""
UNNAMED: Final = "vX.Y.Z"


@dataclass(frozen=True, slots=True)
class Before:
    """The release that ran before, as the newest green run that was asked for another release saw it."""

    release: str
    run: str
    templates: dict[str, str]
    """Deployment → name of the ReplicaSet that ran."""


def release_before(runs: Path, environment: str, release: str, run: str) -> Before | None:
    """Return the release that ran before; None where no run that is kept here says.

    Args:
        runs: The folder of runs.
        environment: Whose.
        release: The one that is judged now.
        run: The run that judges it; only those before it count.
    """
    for earlier in islice(earlier_runs(runs, environment, run), _LOOKED_AT):
        named = earlier.plan.get("release")
        if not isinstance(named, str) or named == release or (earlier.close or {}).get("exit") != EXIT_GREEN:
            continue
        seen = rollouts_of(earlier)
        if seen is not None:
            templates = {
                service.deployment: one.name
                for service in seen.services.values()
                for one in service.replica_sets
                if one.newest
            }
            return Before(named, earlier.path.name, templates)
    return None


def rollouts_of(run: RecordedRun) -> Rollouts | None:
    """Return what a run saw of the rollouts; None where it did not, or in another version's words."""
    try:
        observation = run.observation(rollouts.name)
        codec = FactsCodec(rollouts)
        if observation is None or observation.facts is None or observation.schema != codec.schema:
            return None
        facts = codec.decode(observation.facts)
    except ApgmsOpsError:
        return None
    return facts if isinstance(facts, Rollouts) else None


def commands(environment: Environment, now: Rollouts | None, before: Before | None) -> tuple[str, ...]:
    """Return the lines of a shell that roll every Deployment back; empty where the environment has no cluster.

    Args:
        environment: The estate.
        now: What the run that is red saw of the rollouts; None where it did not.
        before: The release that ran before; None where that is not known.
    """
    cluster = environment.kubernetes
    if not isinstance(cluster, Kubernetes):
        return ()
    kubectl = shlex.join(["kubectl", *_flags(cluster)])
    names = tuple(dict.fromkeys(service.deployment for service in environment.services.values()))
    timeout = format_duration(environment.deployment.settling_time.value)
    undone = [_undo(kubectl, name, now, before) for name in names]
    followed = [f"{kubectl} rollout status {_deployment(name)} --timeout={timeout}" for name in names]
    return (*undone, *followed)


def _undo(kubectl: str, name: str, now: Rollouts | None, before: Before | None) -> str:
    undo = f"{kubectl} rollout undo {_deployment(name)}"
    if before is None or now is None or name not in before.templates:
        return undo
    there = next((one for one in _replica_sets(now, name) if one.name == before.templates[name]), None)
    if there is None or there.revision is None:
        return undo
    if there.newest:
        return f"# {name}: still runs the template of {before.release}; there is nothing to undo"
    return f"{undo} --to-revision={there.revision}"


def _replica_sets(seen: Rollouts, deployment: str) -> Iterator[ReplicaSetSeen]:
    for service in seen.services.values():
        if service.deployment == deployment:
            yield from service.replica_sets


def _deployment(name: str) -> str:
    return shlex.quote(f"deployment/{name}")


def _flags(cluster: Kubernetes) -> Iterator[str]:
    # No token: that of the checks may only read, and a command line is no place for one that may write.
    if cluster.server is not None:
        yield f"--server={cluster.server}"
        if cluster.ca_file is not None:
            yield f"--certificate-authority={cluster.ca_file}"
    elif cluster.context != IN_CLUSTER:
        if cluster.kubeconfig is not None:
            yield f"--kubeconfig={cluster.kubeconfig}"
        yield f"--context={cluster.context}"
    yield f"--namespace={cluster.namespace}"
