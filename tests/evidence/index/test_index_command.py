"""`apgms-ops evidence index`: a drop-in for the platform's own script, without its weaknesses."""

import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote

import pytest

from apgms_ops.cli import main
from tests.evidence.index.made import DAY, INDEX, NOW, OTHER, SHA, Repository, load, sbom, scan
from tests.evidence.index.wrong import WRONG

STRICT = ("--strict", "--sha", SHA, "--release", "v1.4.2")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository, which is the current folder, and no CI variables."""
    for name in ("GITHUB_SHA", "GITHUB_REF_NAME"):
        monkeypatch.delenv(name, raising=False)
    made = Repository(tmp_path / "platform")
    monkeypatch.chdir(made.root)
    return made


def index(*arguments: str) -> int:
    """Refresh the index as the release does."""
    return main(["evidence", "index", "--artifacts-dir", ".github/artifacts", *arguments])


def test_a_whole_release_is_indexed(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """Each row links its artifact from where the index lies, with place, date, release, digest; exit 0 and sound."""
    repository.whole()
    assert index(*STRICT) == 0
    rows = repository.rows()
    assert [row[0] for row in rows] == [
        "Supply Chain Security",
        "Vulnerability Management",
        "Performance \\& Resilience",
    ]
    assert rows[0][1] == "[Software Bill of Materials \\(SBOM\\)](../../.github/artifacts/sbom.json)"
    assert rows[0][2] == ".github/artifacts/sbom.json"
    assert rows[0][3] == f"{NOW:%Y-%m-%d %H:%M:%S} UTC"
    assert {row[4] for row in rows} == {"v1.4.2"}
    assert {row[6] for row in rows} == {"ok"}
    for row in rows:
        link = unquote(row[1].rpartition("](")[2].rstrip(")"))
        assert (repository.index.parent / link).is_file()
    assert main(["evidence", "index", "--check"]) == 0
    assert "sound" in capsys.readouterr().out


def test_the_old_call_works_and_says_what_is_missing(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --artifacts-dir alone it exits 0 over pending rows as it always did, and says so on stderr."""
    repository.put("sbom.json", sbom())
    assert index() == 0
    assert [row[2:4] for row in repository.rows()][1:] == [["_Pending link_", "_Pending_"]] * 2
    said = capsys.readouterr()
    assert "1 of 3 linked" in said.out
    assert "Security Scan Log: nothing of that kind was found" in said.err
    assert "not tied to a release" in said.err


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_good_evidence_is_exit_1_and_named(
    repository: Repository, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --strict each of them is exit 1 and one line that says which file and why; the healthy twin is exit 0."""
    repository.whole()
    assert index(*STRICT) == 0
    capsys.readouterr()
    make, told = WRONG[name]
    make(repository)
    assert index(*STRICT) == 1
    assert told in capsys.readouterr().err


def test_a_threshold_that_was_crossed_is_red_in_both_forms(repository: Repository) -> None:
    """HandleSummary says ok: false, --summary-export says true: both are a threshold that was crossed."""
    exported = {"metrics": {"http_reqs": {"count": 9, "thresholds": {"rate<1": True}}}}
    for number, body in enumerate((load(ok=False), exported)):
        repository.put(f"{number}.json", body)
    index()
    (entry,) = json.loads(repository.sidecar.read_text())["history"]
    problems = [problem for row in entry["rows"] for problem in row["problems"]]
    assert sum("threshold crossed" in problem for problem in problems) == 2


@pytest.mark.parametrize(
    "secret",
    [
        {"password": "correct-horse-battery"},
        {"note": "ghp_abcdefghijklmnopqrstuvwxyz0123456789"},
        {"note": "TFN 123 456 782"},
        {"note": "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"},
    ],
    ids=["password", "token", "tax file number", "private key"],
)
def test_a_secret_is_quarantined_and_not_repeated(
    repository: Repository, capsys: pytest.CaptureFixture[str], secret: dict[str, str]
) -> None:
    """An artifact with a secret or a tax file number is not linked; file and place are named, the value never."""
    repository.whole()
    repository.put("sbom.json", sbom() | {"properties": [secret]})
    assert index(*STRICT) == 1
    said = capsys.readouterr()
    assert "sbom.json: QUARANTINED: a secret or personal data at properties[0]" in said.err
    assert "_Pending link_" in repository.rows()[0]
    everything = said.out + said.err + repository.index.read_text() + repository.sidecar.read_text()
    assert not [value for value in secret.values() if value in everything]


def test_downloaded_artifacts_are_found_however_they_lie(repository: Repository) -> None:
    """A folder an artifact, as download-artifact makes them, and archives as GitHub delivers them."""
    repository.whole()
    for name in ("sbom", "trivy"):
        target = repository.artifacts / f"{name}-artifact"
        target.mkdir()
        (repository.artifacts / f"{name}.json").rename(target / "report.json")
    inner = (repository.artifacts / "trivy-artifact" / "report.json").read_bytes()
    with zipfile.ZipFile(repository.artifacts / "scan.zip", "w") as archive:
        archive.writestr("trivy/report.json", inner)
    (repository.artifacts / "trivy-artifact" / "report.json").unlink()
    assert index(*STRICT) == 0
    assert [row[2] for row in repository.rows()][:2] == [
        ".github/artifacts/sbom-artifact/report.json",
        ".github/artifacts/scan.zip",
    ]


def test_one_file_stands_for_one_control(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """An archive that holds everything evidences one control; the others stay pending."""
    with zipfile.ZipFile(repository.artifacts / "all.zip", "w") as archive:
        archive.writestr("sbom.json", json.dumps(sbom()))
        archive.writestr("scan.json", json.dumps(scan("LOW")))
    assert index(*STRICT) == 1
    assert [row[2] for row in repository.rows()][:2] == [".github/artifacts/all.zip", "_Pending link_"]
    assert "Security Scan Log" in capsys.readouterr().err


def test_a_finding_that_the_environment_accepts_is_no_problem(repository: Repository) -> None:
    """A risk that was accepted by name, with a reason and an end, is green; another one is not."""
    repository.whole()
    repository.put("trivy.json", scan("CRITICAL"))
    accepted = f'{{ name = "CVE-2026-0", reason = "RISK-1", expires = {(NOW + DAY).isoformat()} }}'
    text = (Path(__file__).parents[3] / "environments" / "production.toml").read_text()
    folder = repository.root / "environments"
    folder.mkdir()
    line = 'highest_accepted_severity = "MEDIUM"'
    assert text.count(line) == 1
    (folder / "production.toml").write_text(text.replace(line, f"{line}\naccepted_vulnerabilities = [{accepted}]"))
    options = (*STRICT, "--env", "production", "--environments", str(folder))
    assert index(*options) == 0
    repository.put("trivy.json", scan("CRITICAL", "CRITICAL"))
    assert index(*options) == 1


@pytest.mark.parametrize(
    "text",
    [
        INDEX.replace("<!-- evidence-start -->", ""),
        INDEX.replace("<!-- evidence-end -->", ""),
        INDEX + "<!-- evidence-start -->",
        "<!-- evidence-end --> <!-- evidence-start -->",
        "",
    ],
)
def test_markers_that_are_not_there_are_one_clear_line(
    repository: Repository, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """Missing, doubled or turned round: an error, and nothing is written."""
    repository.whole()
    repository.index.write_text(text)
    assert index() not in (0, 1)
    assert "evidence-" in capsys.readouterr().err
    assert repository.index.read_text() == text
    assert not repository.sidecar.exists()


def test_writers_at_once_lose_nothing(repository: Repository) -> None:
    """Eight releases written by four threads at once: as many entries of history, and the table is the last one's."""
    repository.whole()

    def write(number: int) -> int:
        return index("--sha", SHA, "--release", f"v1.4.{number}")

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write, range(8))) == [0] * 8
    history = json.loads(repository.sidecar.read_text())["history"]
    assert sorted(entry["release"] for entry in history) == [f"v1.4.{number}" for number in range(8)]
    assert repository.rows()[0][4] == history[-1]["release"]
    assert main(["evidence", "index", "--check"]) == 0


def test_a_slow_writer_does_not_bring_back_the_past(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """A refresh with older artifacts of another commit is refused, and what is there stays."""
    repository.whole()
    assert index(*STRICT) == 0
    before = repository.index.read_text()
    for path in repository.artifacts.iterdir():
        path.unlink()
    repository.put("sbom.json", sbom(commit=OTHER, at=NOW - DAY))
    assert index("--sha", OTHER, "--release", "v1.4.1") not in (0, 1)
    assert "is of v1.4.2 already" in capsys.readouterr().err
    assert repository.index.read_text() == before


def test_what_changed_after_it_was_indexed_is_found(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """--check finds a changed artifact, a broken link, a table edited by hand and a lost history."""
    repository.whole()
    assert index(*STRICT) == 0
    (repository.artifacts / "sbom.json").write_text(json.dumps(sbom(components=3)))
    (repository.artifacts / "trivy.json").unlink()
    repository.index.write_text(repository.index.read_text().replace("v1.4.2", "v1.4.3"))
    assert main(["evidence", "index", "--check"]) == 1
    said = capsys.readouterr().out
    assert ".github/artifacts/sbom.json is not the file that was indexed" in said
    assert "its link leads nowhere: .github/artifacts/trivy.json" in said
    assert "the table is not what was written last" in said
    repository.sidecar.unlink()
    assert main(["evidence", "index", "--check"]) == 1


def test_a_second_refresh_changes_nothing(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """The same artifacts make the same document, and no second entry of history."""
    repository.whole()
    assert index(*STRICT) == 0
    before = repository.index.read_bytes(), repository.sidecar.read_bytes()
    assert index(*STRICT) == 0
    assert "unchanged" in capsys.readouterr().out
    assert (repository.index.read_bytes(), repository.sidecar.read_bytes()) == before


def test_a_hostile_name_is_text(repository: Repository) -> None:
    """Pipes, brackets, HTML and line breaks in a file's name break neither the table nor a link."""
    name = "a|b](javascript:x)<img src=x>`\n#.json"
    repository.put(name, sbom())
    assert index("--sha", SHA) == 0
    (row, *_) = repository.rows()
    assert len(row) == 7
    link = row[1].rpartition("](")[2].removesuffix(")")
    assert (repository.index.parent / unquote(link)).is_file()
    assert not set(link) & set("|<>()` \n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--strict",), "--strict: nothing can be tied to a release"),
        (("--sha", "HEAD"), "40 hexadecimal digits"),
        (("--max-age", "30"), "--max-age"),
        (("--index", "none.md"), "none.md: no such file"),
    ],
)
def test_bad_input_says_what_to_do(
    repository: Repository, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
) -> None:
    """One clear line, exit 4, and nothing is written."""
    repository.whole()
    assert index(*arguments) == 4
    assert told in capsys.readouterr().err
    assert not repository.sidecar.exists()
