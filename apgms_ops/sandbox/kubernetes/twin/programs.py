"""The programs of a real control plane: those of KUBEBUILDER_ASSETS, or built once from their Go module, and kept."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import debian
from apgms_ops.sandbox.processes import environment
from apgms_ops.sandbox.state import locked
from apgms_ops.sandbox.world import World

ASSETS: Final = "KUBEBUILDER_ASSETS"
"""Environment variable: a folder that holds the programs already, as envtest's users have one."""
SERVERS: Final = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
KUBECTL: Final = "kubectl"
_ETCD: Final = ("etcd", "etcd-server")
"""The program, and Debian's package of it, which is unpacked only: it would start a service of its own."""
_FLAGS: Final = ("-trimpath", "-buildvcs=false", "-gcflags=all=-l")
"""Without inlining, it takes a fifth less to build; nobody asks how fast it runs."""
_OF_GO: Final = ("GO", "CGO_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "XDG_")
"""How names of variables begin that a build needs: Go's own configuration, and the way to its modules."""
_BREATH: Final = 20.0
"""Seconds between two lines of progress of a build."""


class Programs:
    """etcd, the three servers of one Kubernetes release, and kubectl."""

    def __init__(self, cache: Path, environ: Mapping[str, str] = os.environ) -> None:
        """Name the folders; nothing is looked for or built yet.

        Args:
            cache: The user's cache folder of apgms-ops.
            environ: The process's environment variables.
        """
        self._environ = environ
        module = {name: packaged(name) for name in ("go.mod", "go.sum")}
        found = re.search(rb"k8s\.io/kubernetes (v\d+\.\d+\.\d+)\b", module["go.mod"])
        self.version = found[1].decode() if found else "v0.0.0"
        self._module = module
        digest = hashlib.sha256(b"\0".join((*module.values(), *map(str.encode, self._command())))).hexdigest()
        self._built = cache / f"kubernetes-{self.version.removeprefix('v')}-{digest[:12]}"
        assets = environ.get(ASSETS)
        self._assets = Path(assets) if assets else None

    def path(self, name: str) -> Path:
        """Where a server of Kubernetes's, or kubectl, is once `ensure` has returned."""
        return (self._assets or self._built) / name

    def etcd(self, world: World, deadline: Deadline) -> Path:
        """Return the path of etcd, fetching it if this machine does not have it.

        Raises:
            SandboxError: It cannot be had; the text names the command that would install it.
        """
        if self._assets is not None and (self._assets / _ETCD[0]).is_file():
            return self._assets / _ETCD[0]
        return debian.program(world, *_ETCD, deadline, daemon=True)

    def ensure(self, world: World, deadline: Deadline) -> None:
        """See that every program is there, building them if need be; where all is there, nobody waits.

        Raises:
            SandboxError: Something cannot be had; the text names it, and how to have it.
        """
        self.etcd(world, deadline)
        if self._assets is not None:
            missing = [name for name in SERVERS if not (self._assets / name).is_file()]
            if missing:
                msg = f"{ASSETS}={self._assets} holds no {', '.join(missing)}; add it, or unset the variable"
                raise SandboxError(msg)
        elif not self._built.is_dir():
            with locked(
                self._built.with_name(f"{self._built.name}.lock"), lambda: world.report(f"{self}: being built")
            ):
                if not self._built.is_dir():
                    self._build(world, deadline)

    def __str__(self) -> str:
        """Say which release."""
        return f"Kubernetes {self.version}"

    def _command(self) -> tuple[str, ...]:
        """What builds the programs into the folder that it is given last but for them."""
        major, minor, *_ = self.version.removeprefix("v").split(".")
        told = {"gitVersion": self.version, "gitMajor": major, "gitMinor": minor}
        flags = ("-s", "-w", *(f"-X k8s.io/component-base/version.{name}={value}" for name, value in told.items()))
        packages = (f"k8s.io/kubernetes/cmd/{name}" for name in (*SERVERS, KUBECTL))
        return ("build", "-v", *_FLAGS, f"-ldflags={' '.join(flags)}", "-o", "bin/", *packages)

    def _build(self, world: World, deadline: Deadline) -> None:
        go = _go(self._module["go.mod"], deadline)
        world.report(f"{self}: building its programs from their Go module, once; about ten minutes on two cores")
        draft = Path(tempfile.mkdtemp(prefix=f".{self._built.name}.", dir=self._built.parent))
        try:
            for name, content in self._module.items():
                (draft / name).write_bytes(content)
            (draft / "bin").mkdir()
            self._run(world, go, draft, deadline)
            missing = [name for name in (*SERVERS, KUBECTL) if not (draft / "bin" / name).is_file()]
            if missing:
                msg = f"{self} was built, but without {', '.join(missing)}"
                raise SandboxError(msg)
            (draft / "bin").replace(self._built)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _run(self, world: World, go: Path, draft: Path, deadline: Deadline) -> None:
        """Run Go to its end, with a line of progress now and then."""
        passed = {name: value for name, value in self._environ.items() if name.startswith(_OF_GO)}
        own = {**passed, "CGO_ENABLED": "0", "GOWORK": "off"}
        log = draft / "build.log"
        with (
            log.open("wb") as output,
            subprocess.Popen(  # noqa: S603 — Go, on our own module
                [str(go), *self._command()],
                cwd=draft,
                env=environment(world.root, "kubernetes/build", self._environ, own),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,  # in this session still, whose priority it keeps
            ) as process,
        ):
            try:
                while _still(process, min(_BREATH, deadline.require(f"building {self}"))):
                    done = len(_lines(log))
                    world.report(f"{self}: {done} packages compiled or fetched")
            except BaseException:  # an interrupted runner must not leave compilers behind
                os.killpg(process.pid, signal.SIGKILL)
                raise
        if process.returncode != 0:
            told = [line for line in _lines(log) if " " in line and not line.startswith("go: downloading")]
            msg = f"{self} could not be built: {' '.join(told[-3:])[-500:] or f'exit code {process.returncode}'}"
            raise SandboxError(msg)


def packaged(name: str) -> bytes:
    """Return a file that is packaged beside this module."""
    return resources.files(__package__).joinpath(name).read_bytes()


def _still(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """Wait so long at most, and return whether the process still runs."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").splitlines()


def _go(module: bytes, deadline: Deadline) -> Path:
    """Return the path of a Go that is new enough.

    Raises:
        SandboxError: There is none.
    """
    found = re.search(rb"^go (\d+)\.(\d+)", module, re.MULTILINE)
    wanted = (int(found[1]), int(found[2])) if found else (1, 0)
    how = f"install Go {wanted[0]}.{wanted[1]} or newer, or set {ASSETS} to a folder with etcd, {', '.join(SERVERS)}"
    go = shutil.which("go")
    if go is None:
        msg = (
            f"Go is missing, which builds Kubernetes's programs from their module (`apt-get install golang-go`): {how}"
        )
        raise SandboxError(msg)
    try:
        done = subprocess.run(  # noqa: S603 — Go
            [go, "env", "GOVERSION"],
            capture_output=True,
            text=True,
            check=False,
            timeout=deadline.require("asking Go for its version"),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        msg = f"{go} does not run ({error}): {how}"
        raise SandboxError(msg) from error
    told = re.match(r"go(\d+)\.(\d+)", done.stdout)
    if told is None or (int(told[1]), int(told[2])) < wanted:
        msg = f"{go} is {done.stdout.strip() or 'of no version that it tells'}, which is too old: {how}"
        raise SandboxError(msg)
    return Path(go)
