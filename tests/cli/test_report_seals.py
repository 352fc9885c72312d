"""`apgms-ops report` verifies by the keys that the environments' files trust, and shows what people supply."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from apgms_ops import cli
from apgms_ops.cli.evidence_trust import belief
from apgms_ops.reports.html import node
from tests.reports.front.site import Site
from tests.reports.recorded import ROOT

KEYS = """
trusted_keys = [
  { name = "ops", public_key = "ops.pub", from = 2026-01-01T00:00:00Z, to = 2028-01-01T00:00:00Z },
]
timestamp = { url = "http://127.0.0.1:9/tsr", ca_file = "ca.pem" }
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A checkout with runs of production and the file of it, in which the key is trusted; no renderer is there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("APGMS_ENVIRONMENTS", raising=False)
    monkeypatch.setattr(node, "_WHEEL", "no_such_package")
    site = Site(tmp_path / "reports")
    folder = tmp_path / "environments"
    folder.mkdir()
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (folder / "ops.pub").write_bytes(site.forge.key.private.public_key().public_bytes(*form))
    assert site.forge.authority is not None
    (folder / "ca.pem").write_bytes(site.forge.authority.ca.public_bytes(serialization.Encoding.PEM))
    declared = (ROOT / "environments" / "production.toml").read_text()
    kept = [line for line in declared.splitlines() if not line.startswith("chain = ")]
    told = "\n".join(kept).replace("[evidence]\n", f"[evidence]\n{KEYS}")
    (folder / "production.toml").write_text(told)
    return site


def page(site: Site) -> str:
    """Draw the page and return it; for want of a renderer the report of a run is not drawn."""
    assert cli.main(["report"]) == 3
    return (site.runs.parent / "index.html").read_text()


def test_runs_are_verified_by_the_file_of_their_environment(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """Sealed, dated, chained; and INVALID with what is wrong once a byte is added, also where it says how many are."""
    *_, newest = site.days(2)
    assert "SEALED, verified by key ops; dated 2026-11-23 03:00:00 UTC" in page(site)
    with (newest / "environment.json").open("a") as file:
        file.write(" ")
    capsys.readouterr()
    assert "environment.json: its content is not what was sealed" in page(site)
    assert "reports/index.html: 2 runs, 1 of them INVALID\n" in capsys.readouterr().out


def test_a_chain_that_does_not_hold_is_said_where_the_page_is(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """One line names the environment."""
    first, _ = site.days(2)
    shutil.rmtree(first)
    assert "missing; it is line 1 of the chain of production" in page(site)
    assert "1 run; the chain of production does not hold" in capsys.readouterr().out


def test_a_chain_lies_where_the_environment_says(site: Site) -> None:
    """`[evidence] chain` is relative to the checkout; what lies beside the runs is not taken for it."""
    site.days(2)
    shutil.copytree(site.forge.chain.parents[1], site.runs.parents[1] / "kept" / "chains")
    file = site.runs.parents[1] / "environments" / "production.toml"
    file.write_text(file.read_text().replace("[evidence]\n", '[evidence]\nchain = "kept/chains"\n'))
    site.forge.chain.write_bytes(b"")
    assert "holds: 2 runs, each in its place" in page(site)
    shutil.rmtree(site.runs.parents[1] / "kept")
    assert "there is no chain" in page(site)


def _no_key(file: Path) -> None:
    file.write_text(file.read_text().replace(KEYS, ""))


def _malformed(file: Path) -> None:
    file.write_text("<b>")


def _lost_key(file: Path) -> None:
    (file.parent / "ops.pub").unlink()


def _another(file: Path) -> None:
    file.write_text(file.read_text().replace('name = "production"', 'name = "staging"', 1))


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (Path.unlink, "there is no file of an environment production in environments/"),
        (_no_key, "environment production names no key to believe"),
        (_malformed, "production.toml: expected TOML"),
        (_lost_key, "ops.pub: cannot be read"),
        (_another, "production.toml is the file of an environment staging"),
    ],
)
def test_without_a_key_the_page_is_drawn_and_says_why(site: Site, act: Callable[[Path], None], why: str) -> None:
    """No file, no key in it, a file that cannot be read: nothing is said to hold, and nothing stops the page."""
    site.run()
    act(site.runs.parents[1] / "environments" / "production.toml")
    found = page(site)
    assert "SEALED, NOT VERIFIED" in found
    assert why in found
    assert "verified by key" not in found


@pytest.mark.parametrize("name", ["../environments/production", "/etc/passwd", "production.toml", "", "waivers"])
def test_the_name_of_an_environment_leads_nowhere_else(site: Site, name: str) -> None:
    """What a run's folder says is looked up among the environments that there are, and is no path."""
    found = belief(name, site.runs)
    assert found.trust is None
    assert "there is no file of an environment" in found.why


def test_the_sandbox_is_believed_by_its_running_copy(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its template names no key: while it runs, its own file does; afterwards the page says that it does not run."""
    monkeypatch.setenv("APGMS_SANDBOX", str(site.runs.parents[1] / "state"))
    folder = site.runs.parents[1] / "environments"
    shutil.copy(ROOT / "environments" / "sandbox.toml", folder)
    assert "the sandbox is not running" in belief("sandbox", site.runs).why
    filled = (folder / "sandbox.toml").read_text()
    for key, name in (("evidence.public_key", "ops.pub"), ("timestamps.ca_file", "ca.pem")):
        filled = filled.replace(f"${{{key}:-/sandbox-not-running}}", str(folder / name))
    (site.runs.parents[1] / "state").mkdir()
    (site.runs.parents[1] / "state" / "sandbox.toml").write_text(filled)
    found = belief("sandbox", site.runs)
    assert found.trust is not None
    assert found.trust.environment == "sandbox"
    assert found.chain == site.runs.parent / "chain" / "sandbox" / "chain.jsonl"


def test_documents_are_on_the_page(site: Site) -> None:
    """One that was registered stands beside its control; a file of them that is malformed stops nothing."""
    site.run()
    folder = site.runs.parents[1] / "environments"
    (folder / "policy.txt").write_text("We screen everybody.")
    options = ["--control", "personnel-security", "--title", "Screening 3.1", "--owner", "people"]
    options += ["--expires", "2199-01-01"]
    assert cli.main(["controls", "register", str(folder / "policy.txt"), *options]) == 0
    assert "Screening 3.1, owner people" in page(site)
    (folder / "controls.toml").write_text("<b>")
    assert "What was supplied by hand cannot be read" in page(site)
