"""Chromium, headless, driven by its DevTools protocol: what a page shows, asks for, complains of, and looks like."""

import base64
import http.client
import http.server
import itertools
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import websocket

_PATIENCE: Final = 60.0
_OWN: Final = re.compile(r"^(https?://)?([a-z0-9-]+\.)*(google|googleapis|gvt1|gstatic)\.com(:\d+)?(/|$)")
_KEYS: Final = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "ArrowDown": 40}


class Proxy(http.server.BaseHTTPRequestHandler):
    """Takes every request that leaves the browser, notes it, and answers none."""

    def do_GET(self) -> None:
        """Refuse."""
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_error(502)

    do_POST = do_HEAD = do_CONNECT = do_GET  # noqa: N815 — the names that the base class looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class BrowserError(Exception):
    """The browser does not do what a test asks of it."""


class Page:
    """One tab."""

    def __init__(self, address: str, asked: list[str]) -> None:
        """Attach to the tab at a DevTools address; `asked` is what the proxy hears."""
        self._socket = websocket.create_connection(address, timeout=_PATIENCE, suppress_origin=True)
        self._numbers = itertools.count(1)
        self._asked = asked
        self.complaints: list[str] = []
        """Errors that the page raised, or the browser on its behalf: a policy that stopped something is one."""
        self.requests: list[str] = []
        """Every address that the page asked for, its own file and what it carries left out."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method of the protocol, and return its result."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            told = json.loads(self._socket.recv())
            if told.get("id") == number:
                if "error" in told:
                    raise BrowserError(method, told["error"])
                result: dict[str, Any] = told["result"]
                return result
            self._note(told)

    def _note(self, told: dict[str, Any]) -> None:
        method, params = told.get("method"), told.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(params["exceptionDetails"])[:500])
        elif method == "Runtime.consoleAPICalled" and params["type"] == "error":
            self.complaints.append(json.dumps(params["args"])[:500])
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.complaints.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if not url.startswith(("data:", "blob:", "file:", "about:")):
                self.requests.append(url)

    def open(self, address: str) -> None:
        """Load an address, and wait until it stands still."""
        self.send("Page.navigate", url="about:blank")
        for heard in (self.complaints, self.requests, self._asked):
            heard.clear()
        self.send("Page.navigate", url=address)
        self.until("document.readyState === 'complete'")
        self.settle()

    def settle(self) -> None:
        """Wait until two readings of the page are the same."""
        before, until = None, time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            self.run("new Promise(done => setTimeout(() => requestAnimationFrame(() => done(1)), 120))")
            now = self.run("document.documentElement.outerHTML.length + ':' + document.body.innerText.length")
            if now == before:
                return
            before = now
        raise BrowserError(self.complaints)

    def until(self, condition: str) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            if self.run(f"Boolean({condition})"):
                return
            self.run("new Promise(done => setTimeout(() => done(1), 50))")
        raise BrowserError(condition)

    def run(self, expression: str) -> Any:  # noqa: ANN401 — JSON
        """Return the value of a JavaScript expression; of a promise, what it comes to."""
        told = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise BrowserError(expression, told["exceptionDetails"])
        return told["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key, as a person does."""
        told: dict[str, Any] = {"key": key, "code": key, "windowsVirtualKeyCode": _KEYS[key]}
        text = {"Enter": "\r", " ": " "}.get(key)
        self.send("Input.dispatchKeyEvent", type="keyDown", **told, **({"text": text} if text else {}))
        self.send("Input.dispatchKeyEvent", type="keyUp", **told)

    def look(self, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Take a width and height in CSS pixels, and a preference for light or dark."""
        mobile = width < 500
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        scheme = "dark" if dark else "light"
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Save what is seen as a PNG; the whole page, or what fits the window."""
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    @property
    def strangers(self) -> list[str]:
        """What the page asked of anybody; Chromium's own calls to its makers are none of its."""
        self.run("1")  # takes in what is still to be heard
        return [*self.requests, *(address for address in self._asked if not _OWN.match(address))]

    def close(self) -> None:
        """Let go of the tab."""
        self._socket.close()


@contextmanager
def chromium(program: Path, folder: Path) -> Iterator[Page]:
    """Start Chromium with a profile in `folder` and a proxy that answers nothing, and yield its tab."""
    asked: list[str] = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        server.asked = asked  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic")
        fresh = ("--no-first-run", "--no-default-browser-check", f"--user-data-dir={folder}")
        network = (f"--proxy-server=127.0.0.1:{server.server_port}", "--proxy-bypass-list=<-loopback>")
        # Root cannot have Chromium's own sandbox; the page is ours.
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        command = [str(program), "--headless=new", "--disable-gpu", *root, "--remote-debugging-port=0"]
        with subprocess.Popen(
            [*command, *quiet, *fresh, *network, "--hide-scrollbars", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                page = Page(_tab(folder), asked)
                yield page
                page.close()
            finally:
                process.kill()
                server.shutdown()
                thread.join()


def _tab(folder: Path) -> str:
    """Return the DevTools address of the browser's one tab, once it is there."""
    told = folder / "DevToolsActivePort"
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if told.exists() and len(lines := told.read_text().splitlines()) > 1:
            return _first_page(int(lines[0]))
        time.sleep(0.05)
    raise BrowserError(folder)


def _first_page(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    connection.request("GET", "/json/list")
    tabs = json.loads(connection.getresponse().read())
    connection.close()
    return str(next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"))
