"""The real control plane: its programs, had or their lack named; its certificates, and its way to the pods."""

import json
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.kubernetes.choice import CHOICE, ControlPlane, require_real
from apgms_ops.sandbox.kubernetes.twin import certificates, configuration
from apgms_ops.sandbox.kubernetes.twin.egress_process import loopback
from apgms_ops.sandbox.kubernetes.twin.programs import ASSETS, SERVERS, Programs
from apgms_ops.sandbox.world import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world with a cache of its own, on a machine that has etcd, and no Go."""
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin" / "etcd")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return World(tmp_path / "world", cache=tmp_path / "cache", report=lambda _line: None)


def program(path: Path, script: str = "") -> None:
    """Make a program."""
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def assets(tmp_path: Path, *names: str) -> Path:
    """Make a folder of programs."""
    folder = tmp_path / "assets"
    folder.mkdir()
    for name in names:
        program(folder / name)
    return folder


def test_programs_that_are_there_already_are_taken(world: World, tmp_path: Path) -> None:
    """Where KUBEBUILDER_ASSETS names a folder with the servers and etcd, they are used and nothing is built."""
    folder = assets(tmp_path, "etcd", *SERVERS)
    programs = Programs(world.cache, {ASSETS: str(folder)})
    programs.ensure(world, Deadline(5))
    assert programs.path("kube-apiserver") == folder / "kube-apiserver"
    assert programs.etcd(world, Deadline(5)) == folder / "etcd"


def test_programs_that_lack_one_are_refused(world: World, tmp_path: Path) -> None:
    """The folder of envtest has no controllers: that is said, and which ones."""
    folder = assets(tmp_path, "etcd", "kube-apiserver", "kubectl")
    with pytest.raises(SandboxError, match="holds no kube-controller-manager, kube-scheduler"):
        Programs(world.cache, {ASSETS: str(folder)}).ensure(world, Deadline(5))


def test_without_go_the_error_says_what_to_install(world: World) -> None:
    """The reason names Go, its version, and the folder that would do as well."""
    with pytest.raises(SandboxError, match=r"Go is missing.*apt-get install golang-go.*Go 1\.25 or newer.*KUBEBUILDER"):
        Programs(world.cache, {}).ensure(world, Deadline(5))


def test_a_go_that_is_too_old_is_named(world: World, tmp_path: Path) -> None:
    """Debian 12's Go is not new enough: that is said before an hour of downloads, not by a compiler."""
    program(tmp_path / "bin" / "go", "echo go1.19.8")
    with pytest.raises(SandboxError, match=r"go1\.19\.8, which is too old: install Go 1\.25"):
        Programs(world.cache, {}).ensure(world, Deadline(5))


def test_a_build_is_kept_and_not_made_again(world: World, tmp_path: Path) -> None:
    """What one build made is found by the next, which starts no Go; a build that fails leaves nothing."""
    touch = " ".join(f"bin/{name}" for name in (*SERVERS, "kubectl"))
    program(tmp_path / "bin" / "go", f'case "$1" in env) echo go1.99.0;; build) /usr/bin/touch {touch};; esac')
    Programs(world.cache, {}).ensure(world, Deadline(20))
    program(tmp_path / "bin" / "go", "exit 1")
    programs = Programs(world.cache, {})
    programs.ensure(world, Deadline(5))
    assert all(programs.path(name).is_file() for name in SERVERS)


def test_a_build_that_fails_says_why_and_leaves_nothing(world: World, tmp_path: Path) -> None:
    """The end of what Go said is in the error, and the next try begins anew."""
    said = "go: k8s.io/kubernetes@v1.35.4: reading the module: no route to host"
    program(tmp_path / "bin" / "go", f'case "$1" in env) echo go1.99.0;; build) echo "{said}"; exit 1;; esac')
    with pytest.raises(SandboxError, match="no route to host"):
        Programs(world.cache, {}).ensure(world, Deadline(20))
    assert [path.name for path in world.cache.iterdir() if path.is_dir() and path.name.startswith((".k", "k"))] == []


def test_another_module_is_another_build(world: World) -> None:
    """The folder in the cache is named after the release and the digest of the module that it was built from."""
    programs = Programs(world.cache, {})
    assert programs.path("kubectl").parent.name.startswith(f"kubernetes-{programs.version.removeprefix('v')}-")


def test_the_module_pins_every_staging_module_to_its_release() -> None:
    """Each k8s.io module that is replaced is of the same release as Kubernetes itself."""
    text = (Path(configuration.__file__).parent / "go.mod").read_text(encoding="ascii")
    release = Programs(Path("/nowhere"), {}).version
    replaced = [line.split() for line in text.splitlines() if " => " in line]
    assert len(replaced) > 20
    assert {line[-1] for line in replaced} == {f"v0{release.removeprefix('v1')}"}


def test_certificates_are_made_once_and_are_of_their_authority(tmp_path: Path) -> None:
    """The server's certificate is signed by the sandbox's own authority, and is good for the address it is asked at."""
    from cryptography import x509  # noqa: PLC0415 — heavy

    certificates.write(tmp_path, ("127.0.0.1",))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    certificates.write(tmp_path, ("127.0.0.1",))
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    authority = x509.load_pem_x509_certificate(before["ca.crt"])
    server = x509.load_pem_x509_certificate(before["apiserver.crt"])
    server.verify_directly_issued_by(authority)
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())


def test_the_way_to_the_pods_leads_to_this_machine_alone() -> None:
    """A pod's address is reached on loopback, as is the node; no other address is."""
    assert loopback("10.78.32.5") == "127.78.32.5"
    assert loopback("127.0.0.1") == "127.0.0.1"
    assert loopback("192.168.0.1") is None
    assert loopback("8.8.8.8") is None


def test_tokens_and_egress_are_written_for_the_server(tmp_path: Path) -> None:
    """The token file has name and groups of each user, and the egress leads to the given port."""
    configuration.write(tmp_path, {"someone": ("secret", ("a", "b"))}, egress_port=4711)
    assert (tmp_path / "tokens.csv").read_text(encoding="utf-8") == 'secret,someone,someone,"a,b"\n'
    (selection,) = json.loads((tmp_path / "egress.yaml").read_text(encoding="utf-8"))["egressSelections"]
    assert selection["connection"]["transport"]["tcp"]["url"] == "https://127.0.0.1:4711"


def test_an_unknown_choice_is_refused(world: World) -> None:
    """A misspelt choice lists the known ones."""
    with pytest.raises(SandboxError, match="stand-in, real"):
        ControlPlane({CHOICE: "genuine"}).install(world, Deadline(5))


def test_the_choice_holds_for_the_life_of_a_sandbox(world: World) -> None:
    """A sandbox that runs on the stand-in is not turned into a real one: it must be taken down first."""
    require_real(world)
    ControlPlane({}).install(world, Deadline(5))
    assert world.get("kubernetes.kind") == "stand-in"
    with pytest.raises(SandboxError, match="take it down first"):
        ControlPlane({CHOICE: "real"}).install(world, Deadline(5))


def test_the_environment_of_a_build_holds_no_secret(world: World, tmp_path: Path) -> None:
    """Go is told of proxies and of its own configuration, not of what else is in the environment."""
    out = tmp_path / "seen"
    program(tmp_path / "bin" / "go", f'case "$1" in env) echo go1.99.0;; build) /usr/bin/env > {out}; exit 1;; esac')
    environ = {"PATH": str(tmp_path / "bin"), "GOFLAGS": "-p=1", "DB_PASSWORD": "hunter2", "HTTPS_PROXY": "http://p"}
    with pytest.raises(SandboxError):
        Programs(world.cache, environ).ensure(world, Deadline(20))
    seen = out.read_text(encoding="utf-8")
    assert "GOFLAGS=-p=1" in seen
    assert "HTTPS_PROXY=http://p" in seen
    assert "hunter2" not in seen
