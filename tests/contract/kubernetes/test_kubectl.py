"""kubectl, as a person uses it: against the real server, for it sends no token over plain HTTP."""

import json
import subprocess

import pytest

from apgms_ops.sandbox.kubernetes.credentials import ADMIN, READER
from apgms_ops.sandbox.kubernetes.twin.programs import KUBECTL, Programs
from tests.contract.kubernetes.conftest import PLATFORM, Cluster, apps, deployment, pods

pytestmark = pytest.mark.sandbox


def kubectl(
    cluster: Cluster, *arguments: str, context: str = ADMIN, given: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run kubectl to its end."""
    program = Programs(cluster.world.cache).path(KUBECTL)
    if not program.is_file():
        pytest.skip(f"{program} is missing: kubectl is built with the real control plane")
    home = cluster.world.folder("kubectl")
    own = {"KUBECONFIG": str(cluster.kubeconfig), "HOME": str(home), "PATH": "/usr/bin:/bin"}
    command = [str(program), "--context", context, "--request-timeout=20s", *arguments]
    return subprocess.run(command, env=own, input=given, capture_output=True, text=True, check=False, timeout=60)


def shown(done: "subprocess.CompletedProcess[str]") -> str:
    """Return what kubectl printed, if it went well."""
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_lists_deployments(cluster: Cluster, namespace: str) -> None:
    """`kubectl get deploy` knows the short name and shows the Deployment; `-o json` its counts."""
    cluster.make(apps(namespace, "deployments"), deployment("one", replicas=1))
    cluster.until(apps(namespace, "deployments", "one"), lambda now: now["status"].get("availableReplicas") == 1)
    table = shown(kubectl(cluster, "get", "deploy", "-n", namespace))
    assert any(line.split()[0] == "one" for line in table.splitlines()[1:])
    told = json.loads(shown(kubectl(cluster, "get", "deploy", "one", "-n", namespace, "-o", "json")))
    assert told["status"]["availableReplicas"] == 1


def test_it_follows_a_rollout(cluster: Cluster, namespace: str) -> None:
    """`set image` changes the image, `rollout status` waits for it, `rollout history` knows both revisions."""
    cluster.make(apps(namespace, "deployments"), deployment("one", replicas=1))
    cluster.until(apps(namespace, "deployments", "one"), lambda now: now["status"].get("availableReplicas") == 1)
    shown(kubectl(cluster, "set", "image", "deploy/one", "one=registry.example/app:v2", "-n", namespace))
    status = shown(kubectl(cluster, "rollout", "status", "deploy/one", "-n", namespace, "--timeout=30s"))
    assert "successfully rolled out" in status
    history = shown(kubectl(cluster, "rollout", "history", "deploy/one", "-n", namespace))
    assert [line.split()[0] for line in history.splitlines()[2:] if line] == ["1", "2"]


def test_it_scales_and_deletes(cluster: Cluster, namespace: str) -> None:
    """`scale` and `delete` do what they say."""
    cluster.make(apps(namespace, "deployments"), deployment("one", replicas=1))
    shown(kubectl(cluster, "scale", "deploy/one", "--replicas=0", "-n", namespace))
    cluster.until(pods(namespace), lambda now: not now["items"])
    shown(kubectl(cluster, "delete", "deploy", "one", "-n", namespace, "--timeout=30s"))
    assert cluster.ask("GET", apps(namespace, "deployments", "one"))[0] == 404


def test_it_reads_logs(cluster: Cluster, namespace: str) -> None:
    """`kubectl logs` of a Deployment shows what its pod's node serves."""
    cluster.make(apps(namespace, "deployments"), deployment("one", replicas=1))
    cluster.until(apps(namespace, "deployments", "one"), lambda now: now["status"].get("availableReplicas") == 1)
    told = json.loads(shown(kubectl(cluster, "logs", "deploy/one", "-n", namespace, "--tail=3")))
    assert told["query"] == {"tailLines": ["3"]}


def test_it_runs_commands(cluster: Cluster, namespace: str) -> None:
    """`kubectl exec` shows a command's output, and ends as the command did."""
    cluster.make(apps(namespace, "deployments"), deployment("one", replicas=1))
    cluster.until(apps(namespace, "deployments", "one"), lambda now: now["status"].get("availableReplicas") == 1)
    done = kubectl(cluster, "exec", "deploy/one", "-n", namespace, "--", "exit", "3")
    assert json.loads(done.stdout)["query"]["command"] == ["exit", "3"], done.stderr
    assert done.returncode == 3


def test_it_says_what_may_be_done(cluster: Cluster) -> None:
    """`kubectl auth can-i` answers yes and no as the roles have it."""
    assert shown(kubectl(cluster, "auth", "can-i", "list", "pods", "-n", PLATFORM, context=READER)).strip() == "yes"
    refused = kubectl(cluster, "auth", "can-i", "delete", "pods", "-n", PLATFORM, context=READER)
    assert (refused.returncode, refused.stdout.strip()) == (1, "no")


def test_it_knows_the_servers_version(cluster: Cluster) -> None:
    """`kubectl version` reads the server's."""
    told = json.loads(shown(kubectl(cluster, "version", "-o", "json")))
    assert told["serverVersion"]["minor"] == "35"
