"""What to do once a gate is over: exact commands, to the release that really ran before."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apgms_ops.environment.loading import load
from apgms_ops.environment.model import Environment
from apgms_ops.evidence.ledger import CLOSE, VERDICT
from apgms_ops.evidence.run import RecordedRun, RunFolder, read_run
from apgms_ops.observation import Observation
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.probes.rollout_facts import ReplicaSetSeen, Rollouts, ServiceRollout
from apgms_ops.probes.rollouts import rollouts
from apgms_ops.releases.gate_advice import Case, advise
from apgms_ops.releases.gate_rollback import Before, commands, release_before

AT = datetime(2026, 11, 26, 8, tzinfo=UTC)
SERVICES = """
name = "toy"
[deployment]
settling_time = { value = "5m", source = "decision: test" }
migrations = ["0001"]
[services.api-gateway]
deployment = "api-gateway"
replicas = 2
objectives = [{ kind = "persistence", target = "100%", source = "runbook: Service Overview" }]
[services.audit]
deployment = "audit"
replicas = 1
objectives = [{ kind = "persistence", target = "100%", source = "runbook: Service Overview" }]
"""
CLUSTER = '[kubernetes]\ncontext = "it\'s production"\nnamespace = "platform"\n'
KUBECTL = "kubectl '--context=it'\"'\"'s production' --namespace=platform"


def environment(tmp_path: Path, cluster: str = CLUSTER) -> Environment:
    """Return an environment with such a cluster."""
    (tmp_path / "toy.toml").write_text(SERVICES + cluster)
    return load(tmp_path / "toy.toml")


def seen(**templates: tuple[tuple[str, int | None, bool], ...]) -> Rollouts:
    """Return what is seen of Deployments: their ReplicaSets by name, revision, and whether it is the newest."""
    found = {}
    for service, sets in templates.items():
        name = service.replace("_", "-")
        made = tuple(ReplicaSetSeen(n, r, newest=w, replicas=0, ready=0, created_at=AT) for n, r, w in sets)
        found[name] = ServiceRollout(name, name, "platform", AT, 1, 2, None, made, ())
    return Rollouts(found)


def keep(runs: Path, name: str, release: str | None, facts: Rollouts | None, code: int = 0) -> RecordedRun:
    """Keep a run of the toy."""
    folder = RunFolder(runs / name)
    ids = {"id": "a", "runbook": ["deployment-procedure", 4], "step_title": "Rollout", "probes": ["rollouts"]}
    folder.ledger.begin({"environment": "toy", "release": release, "replay_of": None, "checks": [ids]})
    if facts is not None:
        codec = FactsCodec(rollouts)
        folder.publish(Observation("rollouts", codec.schema, AT, AT, 0.1, facts=codec.encode(facts, str)))
    folder.ledger.append(VERDICT, {"check": "a", "verdict": "FAIL" if code else "PASS", "seen": "", "took": 0.1})
    folder.ledger.append(CLOSE, {"planned": 1, "exit": code})
    folder.finish()
    return read_run(folder.path)


BEFORE = seen(api_gateway=(("gateway-a", 3, True),), audit=(("audit-a", 7, True),))
NOW = seen(
    api_gateway=(("gateway-a", 3, False), ("gateway-b", 4, False), ("gateway-c", 5, True)),
    audit=(("audit-a", 7, True),),
)


def test_the_release_that_ran_before_is_the_newest_green_one_of_another_tag(tmp_path: Path) -> None:
    """Runs that were red, of this release, of no named release or without the rollouts are passed over."""
    keep(tmp_path, "20261120T080000.000Z-toy-aaaaaa", "v1.4.0", BEFORE)
    keep(tmp_path, "20261121T080000.000Z-toy-bbbbbb", "v1.4.1", BEFORE)
    keep(tmp_path, "20261122T080000.000Z-toy-cccccc", "v1.4.1", NOW, code=1)
    keep(tmp_path, "20261123T080000.000Z-toy-dddddd", None, NOW)
    keep(tmp_path, "20261124T080000.000Z-toy-eeeeee", "v1.4.1", None)
    keep(tmp_path, "20261125T080000.000Z-toy-ffffff", "v1.4.2", NOW)
    found = release_before(tmp_path, "toy", "v1.4.2", "20261126T080000.000Z-toy-000000")
    assert found == Before(
        "v1.4.1", "20261121T080000.000Z-toy-bbbbbb", {"api-gateway": "gateway-a", "audit": "audit-a"}
    )
    assert release_before(tmp_path, "staging", "v1.4.2", "20261126T080000.000Z-toy-000000") is None


def test_each_deployment_goes_back_to_what_ran_before(tmp_path: Path) -> None:
    """The revision is named, past a restart in between; what runs the template of before already is left alone."""
    before = Before("v1.4.1", "run", {"api-gateway": "gateway-a", "audit": "audit-a"})
    assert commands(environment(tmp_path), NOW, before) == (
        f"{KUBECTL} rollout undo deployment/api-gateway --to-revision=3",
        "# audit: still runs the template of v1.4.1; there is nothing to undo",
        f"{KUBECTL} rollout status deployment/api-gateway --timeout=5m",
        f"{KUBECTL} rollout status deployment/audit --timeout=5m",
    )


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (NOW, None),
        (None, Before("v1.4.1", "run", {"api-gateway": "gateway-a"})),
        (NOW, Before("v1.4.1", "run", {"api-gateway": "gone", "audit": "gone"})),
        (seen(api_gateway=(("gateway-a", None, False),)), Before("v1.4.1", "run", {"api-gateway": "gateway-a"})),
    ],
    ids=["no run before", "not seen now", "template is gone", "no revision"],
)
def test_where_the_revision_is_not_known_every_deployment_goes_one_back(
    tmp_path: Path, now: Rollouts | None, before: Before | None
) -> None:
    """Nothing is guessed: the plain undo of every Deployment."""
    undone = commands(environment(tmp_path), now, before)[:2]
    assert undone == tuple(f"{KUBECTL} rollout undo deployment/{name}" for name in ("api-gateway", "audit"))


@pytest.mark.parametrize(
    ("cluster", "flags"),
    [
        ('context = "in-cluster"', ""),
        ('context = "x"\nkubeconfig = "/etc/kube config"', "'--kubeconfig=/etc/kube config' --context=x "),
        (
            'server = "https://k:6443"\ntoken = "env:T"\nca_file = "/ca.pem"',
            "--server=https://k:6443 --certificate-authority=/ca.pem ",
        ),
    ],
)
def test_the_cluster_is_named_as_the_environment_reaches_it(tmp_path: Path, cluster: str, flags: str) -> None:
    """Context, file or address, quoted for a shell; never the token of the checks."""
    text = "\n".join(commands(environment(tmp_path, f'[kubernetes]\n{cluster}\nnamespace = "platform"\n'), None, None))
    assert text.startswith(f"kubectl {flags}--namespace=platform rollout undo deployment/api-gateway\n")
    assert "token" not in text


def test_red_says_where_to_where_else_to_look_and_what_stays(tmp_path: Path) -> None:
    """The commands, the gate on the release before, the report; migrations, and the steps that failed."""
    run = keep(tmp_path / "runs", "20261126T080000.000Z-toy-ffffff", "v1.4.2", NOW, code=1)
    before = Before("v1.4.1", "earlier", {"api-gateway": "gateway-a", "audit": "audit-a"})
    case = Case(environment(tmp_path), "toy", "v1.4.2", 1, run, before)
    advised = advise(case)
    assert advised is not None
    assert advised.sentences == (
        "The release that ran before is v1.4.1: run earlier was green on it.",
        "Run them with credentials that may change Deployments: those of the checks may only read.",
        "Migrations stay applied: see that the release before can live with them.",
        "Look at the runbook: deployment-procedure 4, Rollout.",
    )
    assert advised.commands[-2:] == (
        "apgms-ops gate --env toy --release v1.4.1",
        "apgms-ops report 20261126T080000.000Z-toy-ffffff",
    )
    unknown = advise(replace(case, before=None))
    assert unknown is not None
    assert unknown.sentences[0].startswith("Which release ran before is not known")
    assert unknown.commands[-2] == "apgms-ops gate --env toy --release vX.Y.Z  # the release before"


def test_without_a_cluster_there_is_no_command(tmp_path: Path) -> None:
    """An estate that has no cluster is told so, with its reason."""
    none = environment(tmp_path, '[kubernetes]\nabsent = "bare metal"\n')
    advised = advise(Case(none, "toy", "v1.4.2", 1, None, None))
    assert advised is not None
    assert not any(line.startswith("kubectl") for line in advised.commands)
    assert "There is no cluster to roll back in (bare metal): go back the way it was deployed." in advised.sentences


@pytest.mark.parametrize(("code", "title"), [(10, "Could not tell"), (2, "Interrupted"), (3, "No verdict")])
def test_what_is_not_red_is_not_rolled_back(tmp_path: Path, code: int, title: str) -> None:
    """UNKNOWN, an interrupt and pytest's own troubles name the gate again, and no kubectl; green has no advice."""
    case = Case(environment(tmp_path), "the toy", "v1.4.2", code, None, None)
    advised = advise(case)
    assert advised is not None
    assert advised.title == title
    assert "apgms-ops gate --env 'the toy' --release v1.4.2" in advised.commands
    assert not any("kubectl" in line for line in advised.commands)
    assert advise(replace(case, code=0)) is None
