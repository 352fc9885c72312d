"""Results of tests, as JUnit XML. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Never

from apgms_ops.clients.github.facts import Member
from apgms_ops.errors import BadAnswer
from apgms_ops.redact import printable

_NAMED = 5


@dataclass(frozen=True, slots=True)
class TestResults:
    """What the tests came to, all files together."""

    __test__ = False
    """Tells pytest that this is none of its test classes."""

    ran: int
    """Tests that ran to an end; those that were skipped are not among them."""
    skipped: int
    failed: int
    """Those that failed, or ended in an error."""
    names: tuple[str, ...]
    """Some that failed."""


class _Counter:
    def __init__(self) -> None:
        self.cases = self.skipped = self.failed = self.declared = 0
        self.names: list[str] = []
        self._case: str | None = None
        self._ending = ""
        self._depth: list[bool] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "testsuite":
            if self._depth:
                self._depth[-1] = False
            self._depth.append(True)
            self._suites_failed = sum(_whole(attributes.get(key)) for key in ("failures", "errors"))
        elif name == "testcase":
            self._case = attributes.get("name", "?")
            self._ending = ""
        elif self._case is not None and name in ("failure", "error", "skipped"):
            # A case that failed, and was skipped from there on, has failed.
            self._ending = "skipped" if name == "skipped" and not self._ending else "failed"

    def end(self, name: str) -> None:
        if name == "testsuite" and self._depth and self._depth.pop():
            self.declared += self._suites_failed
        if name == "testcase" and self._case is not None:
            self.cases += 1
            self.skipped += self._ending == "skipped"
            if self._ending == "failed":
                self.failed += 1
                self.names.append(printable(self._case, limit=80))
            self._case = None


def results(files: Sequence[Member]) -> TestResults:
    """Return what the files say together; those that are no XML by their name are left out.

    Raises:
        BadAnswer: One is not JUnit XML, or there is none.
    """
    counters = [_read(file) for file in files if file.name.lower().endswith(".xml")]
    if not counters:
        msg = "the artifact holds no XML file with results of tests"
        raise BadAnswer(msg)
    skipped = sum(counter.skipped for counter in counters)
    names = [name for counter in counters for name in counter.names]
    return TestResults(
        ran=sum(counter.cases for counter in counters) - skipped,
        skipped=skipped,
        # A suite may fail in what is no case of it: then it declares more than it lists.
        failed=sum(max(counter.failed, counter.declared) for counter in counters),
        names=tuple(names[:_NAMED]),
    )


def _read(file: Member) -> _Counter:
    from xml.parsers import expat  # noqa: PLC0415 — only where there are results

    counter = _Counter()
    roots: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if not roots:
            roots.append(name)
        counter.start(name, attributes)

    def refuse(*_: object) -> Never:
        msg = f"{printable(file.name, limit=80)} declares entities, which results of tests do not"
        raise BadAnswer(msg)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = counter.end
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(file.data, True)  # noqa: FBT003 — the library's own
    except expat.ExpatError as error:
        msg = f"{printable(file.name, limit=80)} is not XML: {error}"
        raise BadAnswer(msg) from None
    if roots not in (["testsuites"], ["testsuite"]):
        msg = f"{printable(file.name, limit=80)} holds no results of tests"
        raise BadAnswer(msg)
    return counter


def _whole(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 10 else 0  # noqa: PLR2004
