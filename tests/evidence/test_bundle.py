"""One file for an auditor: the same bytes each time, and nothing in it is believed more than a folder is."""

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from apgms_ops.errors import ConfigurationError, EvidenceInvalid
from apgms_ops.evidence import bundle, chain, oscal
from apgms_ops.evidence.verify import verify_run
from tests.evidence.making import Forge


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Forge:
    """Four sealed runs."""
    forge = Forge(tmp_path_factory.mktemp("bundle"))
    for _ in range(4):
        forge.run()
    return forge


def bundled(forge: Forge, file: Path, keep: slice = slice(None), line: slice | None = None) -> Path:
    """Bundle some of the runs with their part of the chain."""
    runs = sorted(forge.runs.iterdir())[keep]
    part = list(chain.read(forge.chain))[keep if line is None else line]
    bundle.write(file, runs, {forge.environment: part}, {"VERIFY.md": b"how\n"})
    return file


def verified(forge: Forge, file: Path, folder: Path) -> list[tuple[int, int]]:
    """Unpack and verify; return runs and those of the chain that are not here, for each chain."""
    bundle.unpack(file, folder)
    return [(proof.runs, proof.not_here) for proof in bundle.verify(folder, forge.trust)]


def test_a_bundle_verifies_and_is_the_same_each_time(forge: Forge, tmp_path: Path) -> None:
    """All runs in one file hold as they do in their folder; the same runs make the same bytes."""
    first, second = bundled(forge, tmp_path / "a.zip"), bundled(forge, tmp_path / "b.zip")
    assert first.read_bytes() == second.read_bytes()
    assert verified(forge, first, tmp_path / "x") == [(4, 0)]


def test_a_part_of_a_chain_says_what_is_not_here(forge: Forge, tmp_path: Path) -> None:
    """Of runs that are left out between the first and the last, the number is told."""
    file = bundled(forge, tmp_path / "a.zip", slice(0, 4, 3), slice(0, 4))
    assert verified(forge, file, tmp_path / "x") == [(2, 2)]


def test_a_run_whose_chain_did_not_come_along_is_refused(forge: Forge, tmp_path: Path) -> None:
    """A run that says that it has a place in a chain is not taken without it."""
    file = bundled(forge, tmp_path / "a.zip", slice(1, 3), slice(1, 2))
    with pytest.raises(EvidenceInvalid, match="its seal says that it is run 2 of a chain, which did not come along"):
        verified(forge, file, tmp_path / "x")


def _named(name: str) -> Callable[[zipfile.ZipFile], None]:
    return lambda archive: archive.writestr(name, b"x")


def _twice(archive: zipfile.ZipFile) -> None:
    archive.writestr("runs/a", b"x")
    archive.writestr("RUNS/A", b"y")


def _link(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("runs/link")
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc/passwd")


def _bomb(archive: zipfile.ZipFile) -> None:
    archive.writestr("runs/bomb", b"\0" * 50_000_000, zipfile.ZIP_DEFLATED)


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        (_named("../../etc/cron.d/x"), "not the name of a file within the run"),
        (_named("/etc/x"), "not the name of a file within the run"),
        (_named("runs/../../x"), "not the name of a file within the run"),
        (_named("C:/x"), "not the name of a file within the run"),
        (_named("runs\\..\\x"), "not the name of a file within the run"),
        (_named("runs/a\x1b[2J"), "not the name of a file within the run"),
        (_twice, "stands in the bundle twice"),
        (_link, "not a plain file"),
        (_bomb, "grows to 50000000 bytes"),
    ],
)
def test_a_hostile_archive_is_refused_before_it_is_unpacked(
    tmp_path: Path, harm: Callable[[zipfile.ZipFile], None], named: str
) -> None:
    """What would leave the folder, stands twice, is no plain file or grows too large is refused whole."""
    file = tmp_path / "hostile.zip"
    with zipfile.ZipFile(file, "w") as archive:
        harm(archive)
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(EvidenceInvalid, match=named):
        bundle.unpack(file, folder)
    assert list(folder.iterdir()) == []


def test_what_is_no_archive_says_so(tmp_path: Path) -> None:
    """A file that is no zip archive is one clear error."""
    file = tmp_path / "x.zip"
    file.write_bytes(b"not a bundle")
    with pytest.raises(ConfigurationError, match="no bundle"):
        bundle.unpack(file, tmp_path)


def test_an_altered_bundle_is_caught(forge: Forge, tmp_path: Path) -> None:
    """A file that was replaced within the archive is named."""
    whole = bundled(forge, tmp_path / "a.zip")
    altered = tmp_path / "b.zip"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(altered, "w") as out:
        for info in source.infolist():
            data = source.read(info)
            out.writestr(info, data + b" " if info.filename.endswith("a-result.json") else data)
    with pytest.raises(EvidenceInvalid, match=r"a-result\.json: its content is not what was sealed"):
        verified(forge, altered, tmp_path / "x")


def documented(forge: Forge, file: Path, alter: Callable[[bytes], bytes] = bytes, name: str = "") -> Path:
    """Bundle the runs with their OSCAL documents, each altered, and perhaps one that is called as given."""

    def document(run: Path) -> bytes:
        return alter(oscal.of_proven(run, verify_run(run, forge.trust)))

    beside = {"VERIFY.md": b"how\n"} | ({name: b"{}"} if name else {})
    runs = sorted(forge.runs.iterdir())
    bundle.write(file, runs, {forge.environment: list(chain.read(forge.chain))}, beside, document)
    return file


def test_documents_come_along_and_are_held_to_their_runs(forge: Forge, tmp_path: Path) -> None:
    """A bundle with OSCAL documents verifies: each is made anew from its run, and compared."""
    file = documented(forge, tmp_path / "a.zip")
    assert verified(forge, file, tmp_path / "x") == [(4, 0)]
    assert len(list((tmp_path / "x" / "oscal").iterdir())) == 4


def test_an_altered_document_is_caught(forge: Forge, tmp_path: Path) -> None:
    """A document that calls satisfied what its run does not is named, though no run was touched."""
    file = documented(forge, tmp_path / "a.zip", lambda data: data.replace(b'"not-satisfied"', b'"satisfied"'))
    with pytest.raises(EvidenceInvalid, match=r"oscal/.*\.json: not what the run says"):
        verified(forge, file, tmp_path / "x")


@pytest.mark.parametrize("name", ["oscal/of-nobody.json", "oscal/readme.txt"])
def test_a_document_of_no_run_is_caught(forge: Forge, tmp_path: Path, name: str) -> None:
    """What lies among the documents and belongs to no run of the bundle is refused."""
    file = documented(forge, tmp_path / "a.zip", name=name)
    with pytest.raises(EvidenceInvalid, match="the document of no run that is in the bundle"):
        verified(forge, file, tmp_path / "x")
