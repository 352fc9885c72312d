"""The report as a browser shows it: drawn by the real renderer, opened from the disk in Chromium, headless."""

import base64
import http.server
import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.evidence.ledger import CLOSE
from apgms_ops.evidence.run import RunFolder, read_run
from apgms_ops.reports import allure
from apgms_ops.reports.html import AllureTool, Renderer
from apgms_ops.reports.html.offline import foreign
from apgms_ops.sandbox import debian
from apgms_ops.sandbox.world import World, user_cache

pytestmark = pytest.mark.sandbox
PATIENCE = 600.0
TITLE = "apgms-ops: toy, 2026-11-23 02:00:00 UTC"
TAKEN = "document.title='taken over'; top.document.title='taken over'"
SCRIPT = f"<script>{TAKEN}</script>"
HOSTILE = f"group {SCRIPT}<img src=x onerror=\"{TAKEN}\"><iframe src='javascript:{TAKEN}'></iframe>{{{{constructor}}}}"
SVG = (
    f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="{TAKEN}">{SCRIPT}'
    '<image href="http://foreign.example/from-svg.png" width="9" height="9"/></svg>'
)
PAGE = f"<html><body>{SCRIPT}<img src='http://foreign.example/from-html.png'></body></html>"
RESULTS = {
    "passed": "Every declared topic exists.",
    "failed": f"No group is behind: {HOSTILE}",
    "broken": "Every group has members.",
    "skipped": "Nothing is absent.",
}


class Proxy(http.server.BaseHTTPRequestHandler):
    """Takes every request that leaves the browser, notes it, and answers none."""

    def do_GET(self) -> None:
        """Refuse."""
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_error(502)

    do_POST = do_HEAD = do_CONNECT = do_GET  # noqa: N815 — the names that the base class looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Dom(HTMLParser):
    """A page as it stands after its scripts have run: what a person reads, and what else it does."""

    def __init__(self, text: str) -> None:
        """Read it."""
        super().__init__()
        self._inside = ""
        self.title = ""
        self.words: list[str] = []
        self.active: list[str] = []
        """Scripts that are not Allure's, handlers of events, addresses that run."""
        self.classes: set[str] = set()
        self.images: list[str] = []
        self.feed(text)
        self.close()

    @property
    def text(self) -> str:
        """Every word of it, white space made even."""
        return " ".join("".join(self.words).replace("\u2060", "").split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element."""
        self._inside = tag
        for name, value in attrs:
            text = (value or "").strip()
            if name.startswith("on") or text.lower().startswith("javascript:"):
                self.active.append(f"<{tag} {name}={text[:60]}>")
            if name == "class":
                self.classes.update(text.split())
            if tag == "img" and name == "src":
                self.images.append(text)

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 — the base class's signature
        """Leave it."""
        self._inside = ""

    def handle_data(self, data: str) -> None:
        """Take text."""
        if self._inside == "title" and not self.title:
            self.title = data
        elif self._inside == "script":
            if "taken over" in data:
                self.active.append("<script>")
        elif self._inside != "style":
            self.words.append(data)


@dataclass
class Browser:
    """Chromium, whose every request goes to a proxy of ours."""

    program: Path
    folder: Path
    proxy: str
    asked: list[str] = field(default_factory=list)

    def open(self, address: str) -> Dom:
        """Return the page as it stands after its scripts have run."""
        quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic")
        fresh = ("--no-first-run", "--no-default-browser-check", f"--user-data-dir={self.folder}")
        network = (f"--proxy-server={self.proxy}", "--proxy-bypass-list=<-loopback>", "--virtual-time-budget=5000")
        # Root cannot have Chromium's own sandbox; the page is ours.
        command = [str(self.program), "--headless", "--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        done = subprocess.run(
            [*command, *quiet, *fresh, *network, "--dump-dom", address],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return Dom(done.stdout)

    @property
    def strangers(self) -> list[str]:
        """What pages asked for; Chromium's own calls to its makers are none of theirs."""
        own = re.compile(r"^(https?://)?([a-z0-9-]+\.)*(google|googleapis|gvt1|gstatic)\.com(:\d+)?(/|$)")
        return [address for address in self.asked if not own.match(address)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Where the programs come from that this needs; the renderer is kept in the user's cache, like the product's."""
    cache = user_cache()
    cache.mkdir(parents=True, exist_ok=True)
    return World(tmp_path_factory.mktemp("world"), cache=cache)


@pytest.fixture(scope="module")
def browser(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium."""
    try:
        program = debian.program(world, "chromium", "chromium", Deadline(PATIENCE))
    except SandboxError as error:
        pytest.skip(f"no browser: {error}")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        it = Browser(program, tmp_path_factory.mktemp("profile"), f"127.0.0.1:{server.server_port}")
        server.asked = it.asked  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield it
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def report(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run in which everything that can be hostile is."""
    try:
        for name, package in (("java", "openjdk-17-jre-headless"), ("mvn", "maven")):
            debian.program(world, name, package, Deadline(PATIENCE))
    except SandboxError as error:
        pytest.skip(f"no renderer: {error}")
    run = RunFolder(tmp_path_factory.mktemp("runs") / "20261123T020000Z-toy-aaaaaa")
    run.ledger.begin({"environment": "toy", "checks": []})
    run.ledger.append(CLOSE, {"planned": len(RESULTS)})
    _write_results(run.path / "allure-results")
    output = run.path / "report.html"
    tool = AllureTool(world.cache, os.environ, print)
    assert Renderer(tool).render(read_run(run.path), output, Deadline(PATIENCE)) == len(RESULTS)
    return output


def _write_results(folder: Path) -> None:
    folder.mkdir()
    attachments = []
    for source, text, kind in (
        ("a-attachment.svg", SVG, "image/svg+xml"),
        ("b-attachment.html", PAGE, "text/html"),
        ("c-attachment.csv", HOSTILE, "text/csv"),
    ):
        (folder / source).write_text(text)
        attachments.append({"name": f"{source} {HOSTILE}", "source": source, "type": kind})
    for status, name in RESULTS.items():
        result = {
            "uuid": status,
            "historyId": status,
            "fullName": f"checks.{status}",
            "name": name,
            "status": status,
            "statusDetails": {"message": f"seen: {HOSTILE}", "trace": HOSTILE},
            "description": HOSTILE,
            "labels": [{"name": n, "value": HOSTILE} for n in ("feature", "story", "tag", "suite")],
            "parameters": [{"name": "environment", "value": HOSTILE}],
            "attachments": attachments,
            "start": 1795399200000,
            "stop": 1795399200100,
        }
        (folder / f"{status}-result.json").write_text(json.dumps(result))
    allure.write_categories(folder)
    allure.write_environment(folder, {"Environment": "toy", "Note": HOSTILE})
    allure.write_executor(folder, HOSTILE, {})


def _cases(report: Path) -> dict[str, Any]:
    """Return the test cases that the page carries, by their status."""
    carried = re.findall(r"d\('data/test-cases/[^']+','([^']*)'\)", report.read_text())
    cases = [json.loads(base64.b64decode(data)) for data in carried]
    return {case["status"]: case for case in cases}


def _harmless(dom: Dom) -> None:
    assert dom.title == TITLE
    assert dom.active == []


def test_the_browser_would_be_caught_asking_elsewhere(browser: Browser, tmp_path: Path) -> None:
    """The instrument works: a page that does load from another host, and runs a script, is seen doing both."""
    page = tmp_path / "leaky.html"
    page.write_text(f"<title>x</title><img src='http://leaky.example/x.png'>{SCRIPT}")
    dom = browser.open(page.as_uri())
    assert dom.title == "taken over"
    assert dom.active == ["<script>"]
    assert "http://leaky.example/x.png" in browser.strangers


def test_the_overview_shows_every_verdict_and_asks_nobody(browser: Browser, report: Path) -> None:
    """Opened from the disk, the page shows counts, categories and environment, and no request leaves."""
    assert foreign(report.read_text()) == []
    browser.asked.clear()
    dom = browser.open(report.as_uri())
    for words in (
        "Failed: the promise was seen not to hold",
        "Could not be observed: never green",
        "Declared absent in this environment",
        "toy",
    ):
        assert words in dom.text
    _harmless(dom)
    assert browser.strangers == []


@pytest.mark.parametrize(
    ("status", "shown"), [("passed", "Passed"), ("failed", "Failed"), ("broken", "Broken"), ("skipped", "Skipped")]
)
def test_a_check_shows_its_verdict_and_hostile_text_is_text(
    browser: Browser, report: Path, status: str, shown: str
) -> None:
    """Verdict, promise and what was seen are readable; tags in them are words, and nothing of them runs or loads."""
    browser.asked.clear()
    dom = browser.open(f"{report.as_uri()}#testresult/{_cases(report)[status]['uid']}")
    assert f"label_status_{status}" in dom.classes
    assert shown in dom.text
    assert RESULTS[status] in dom.text
    assert f"seen: {HOSTILE}" in dom.text, "as it was, and not as the tags in it would have it"
    assert any(image.startswith("data:image/svg+xml;base64,") for image in dom.images), "shown without a click"
    _harmless(dom)
    assert browser.strangers == []


@pytest.mark.parametrize("place", ["categories", "suites", "behaviors", "graph", "timeline"])
def test_every_other_view_is_as_harmless(browser: Browser, report: Path, place: str) -> None:
    """Lists, groups and graphs show names and messages, and nothing of them runs or loads."""
    browser.asked.clear()
    dom = browser.open(f"{report.as_uri()}#{place}")
    assert "side-nav__link_active" in dom.classes
    _harmless(dom)
    assert browser.strangers == []


@pytest.mark.parametrize("source", ["a-attachment.svg", "b-attachment.html", "c-attachment.csv"])
def test_an_opened_attachment_runs_nothing_and_loads_nothing(browser: Browser, report: Path, source: str) -> None:
    """A drawing or page with a script, shown large, changes nothing and reaches nobody: the policy forbids it."""
    case = _cases(report)["failed"]
    attachment = next(a for a in case["testStage"]["attachments"] if a["name"].startswith(source))
    browser.asked.clear()
    dom = browser.open(f"{report.as_uri()}#testresult/{case['uid']}?attachment={attachment['uid']}")
    assert "modal__window" in dom.classes
    assert f"{source} {HOSTILE}" in dom.text
    _harmless(dom)
    assert browser.strangers == []
