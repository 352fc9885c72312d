"""Ways to the API server: kubeconfig files as people have them, and what goes wrong with them."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.clients.kubernetes.access import IN_CLUSTER, Access, configuration
from apgms_ops.clients.kubernetes.client import KubernetesClient
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, ConfigurationError, DeadlineExceeded
from apgms_ops.observation import Recorder
from apgms_ops.redact import Redactor
from tests.clients.kubernetes.wire import KUBE_SYSTEM, UID, Server

Kubeconfig = Callable[..., str]


def reading(file: str | None, context: str = "test") -> KubernetesClient:
    """Return a client of a context."""
    return KubernetesClient(access=Access(context=context, kubeconfig=file), recorder=Recorder(Redactor()))


def plugin(folder: Path, program: str) -> dict[str, Any]:
    """Return a user whose credentials a program hands out."""
    script = folder / "plugin.py"
    script.write_text(program, encoding="utf-8")
    api = "client.authentication.k8s.io/v1"
    return {"exec": {"apiVersion": api, "command": sys.executable, "args": [str(script)], "interactiveMode": "Never"}}


def handing_out(token: str) -> str:
    """Return a program that hands out a token."""
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": token},
    }
    return f"print({json.dumps(credential)!r})"


def test_a_context_is_used_whatever_the_current_one_is(server: Server, kubeconfig: Kubeconfig) -> None:
    """The named context's server and token are used, not the file's current context."""
    server.answers(KUBE_SYSTEM)
    assert reading(kubeconfig({"token": "abc123"})).identity(Deadline(10)) == UID
    assert b"authorization: Bearer abc123" in server.heads[0]


def test_a_token_file_and_a_user_with_password_are_sent(server: Server, kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    """A token by file and basic credentials reach the server as they should."""
    (tmp_path / "token").write_text("from-a-file", encoding="utf-8")
    server.answers(KUBE_SYSTEM)
    reading(kubeconfig({"tokenFile": "token"})).identity(Deadline(10))
    reading(kubeconfig({"username": "u", "password": "p"})).identity(Deadline(10))
    assert b"authorization: Bearer from-a-file" in server.heads[0]
    assert b"authorization: Basic dTpw" in server.heads[1]


def test_a_program_hands_out_the_token(server: Server, kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    """The program that a context names is run, and its token is sent."""
    server.answers(KUBE_SYSTEM)
    reading(kubeconfig(plugin(tmp_path, handing_out("handed-out")))).identity(Deadline(10))
    assert b"authorization: Bearer handed-out" in server.heads[0]


def test_a_program_that_fails_is_no_access_and_nobody_is_asked(
    server: Server, kubeconfig: Kubeconfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The official client would go on without credentials; here it is AccessDenied with the program's own words."""
    server.answers(KUBE_SYSTEM)
    file = kubeconfig(plugin(tmp_path, "import sys; sys.exit('your session has expired')"))
    with pytest.raises(AccessDenied, match=r"context test has no credentials: .*your session has expired"):
        reading(file).identity(Deadline(10))
    assert not server.heads
    assert capsys.readouterr().err == ""
    assert not [handler for handler in logging.getLogger().handlers if type(handler).__name__ == "_Ear"]


def test_a_program_that_hangs_is_left_at_the_deadline(kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    """A program that hands out nothing and does not end holds nobody up."""
    file = kubeconfig(plugin(tmp_path, "import sys; sys.stdin.close(); import time; time.sleep(5)"))
    with pytest.raises(DeadlineExceeded):
        reading(file).identity(Deadline(1))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "No such file"),
        ("", "context test cannot be used"),
        ("clusters: [", "context test cannot be used"),
        ("[]", "context test cannot be used"),
        ('{"contexts": [], "clusters": [], "users": []}', "context test cannot be used"),
    ],
)
def test_a_file_that_is_none_is_a_mistake_of_the_operator(tmp_path: Path, text: str | None, words: str) -> None:
    """A file that is missing, empty, no YAML, or without the context is a ConfigurationError in one line."""
    path = tmp_path / "config"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=words) as caught:
        reading(str(path)).identity(Deadline(10))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [True, "true"])
def test_a_server_that_nobody_verifies_is_refused(server: Server, kubeconfig: Kubeconfig, value: object) -> None:
    """A context that skips the verification of certificates is a mistake to mend, and nothing is sent to the server."""
    file = kubeconfig({"token": "abc123"}, **{"insecure-skip-tls-verify": value})
    with pytest.raises(ConfigurationError, match=r"context test says insecure-skip-tls-verify.*authority-data"):
        reading(file).identity(Deadline(10))
    assert server.heads == []
    server.answers(KUBE_SYSTEM)
    assert reading(kubeconfig({"token": "t"}, **{"insecure-skip-tls-verify": False})).identity(Deadline(10)) == UID


def test_nothing_is_written_and_no_default_is_set(kubeconfig: Kubeconfig) -> None:
    """Loading leaves the file as it is, sets nothing for the process, and takes no proxy from its environment."""
    from kubernetes.client import Configuration  # noqa: PLC0415 — heavy

    file = kubeconfig({"token": "abc123"})
    before = Path(file).read_bytes()
    settings = configuration(Access(context="test", kubeconfig=file))
    assert Path(file).read_bytes() == before
    assert Configuration._default is None
    assert settings.proxy is None


def test_a_proxy_of_the_process_is_not_heeded(
    server: Server, kubeconfig: Kubeconfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked is what the kubeconfig file names, whatever HTTP_PROXY says."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    server.answers(KUBE_SYSTEM)
    assert reading(kubeconfig({"token": "t"})).identity(Deadline(10)) == UID


def test_outside_a_pod_there_is_no_service_account() -> None:
    """`in-cluster` outside a cluster says so."""
    with pytest.raises(ConfigurationError, match="the pod's own service account cannot be used"):
        reading(None, IN_CLUSTER).identity(Deadline(10))


def test_a_token_that_cannot_be_sent_is_not_shown(server: Server, kubeconfig: Kubeconfig) -> None:
    """A token with a line break in it is told, and not quoted."""
    server.answers(KUBE_SYSTEM)
    with pytest.raises(Exception, match="a character it may not") as caught:
        reading(kubeconfig({"token": "abc\nX-Evil: 1"})).identity(Deadline(10))
    assert "Evil" not in str(caught.value)


AT_ONCE = """
import threading
from apgms_ops.clients.kubernetes.access import Access, Line
together, failed = threading.Barrier(8), []
def use():
    together.wait()
    try:
        Line(Access(server="http://127.0.0.1:9")).api
    except BaseException as error:
        failed.append(error)
threads = [threading.Thread(target=use) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(failed or "well")
"""


def test_threads_that_begin_at_once_do_not_wait_for_one_another() -> None:
    """A run starts all its probes together, and each loads the official client as if it were the first."""
    command = [sys.executable, "-W", "error", "-c", AT_ONCE]
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.stdout == "well\n", done.stdout + done.stderr
