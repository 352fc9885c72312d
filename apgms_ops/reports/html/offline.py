"""An HTML page of Allure's made fit for evidence: it asks nobody for anything, and runs no script but Allure's. Pure.

Everything that a run has seen is in the page, names and messages that others chose included. Allure escapes what it
shows; should it miss a place, the page's own policy stops what comes of it: a script runs only if its SHA-256 is
listed, and nothing may be loaded from anywhere but the page.
"""

import base64
import binascii
import hashlib
import html
import re
from html.parser import HTMLParser
from typing import Final

from apgms_ops.errors import ReportError
from apgms_ops.reports.html.sharing import shared

_SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script\s*>", re.DOTALL | re.IGNORECASE)
_SOURCE = re.compile(r"""\bsrc\s*=\s*["']([^"']*)["']""", re.IGNORECASE)
_INLINE: Final = "data:text/javascript;base64,"
_NOT_OURS: Final = ("gtag(", 'createElement("base")')
_VIEWPORT: Final = '\n    <meta name="viewport" content="width=device-width, initial-scale=1">'
"""Without it a telephone shows the page as wide as a desk's screen."""
_TITLE = re.compile(r"<title>.*?</title>", re.DOTALL | re.IGNORECASE)
_CHARSET = re.compile(r"<meta charset=[^>]*>", re.IGNORECASE)
_URL = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])(?!data:|#)([^"')\s]+)""", re.IGNORECASE)
_LOADS: Final = frozenset(
    {"src", "srcset", "href", "xlink:href", "data", "action", "formaction", "poster", "background", "manifest", "ping"}
)
_POLICY: Final = (
    "default-src 'none'",
    # Allure sets styles of elements; a style can load nothing that the lines below do not allow.
    "style-src 'unsafe-inline' data:",
    "img-src data: blob:",
    "font-src data:",
    "media-src data: blob:",
    # Attachments are shown as objects and frames of the page's own data; they inherit this policy.
    "object-src data: blob:",
    "frame-src data: blob:",
    "connect-src data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
)


def offline(page: str, title: str) -> str:
    """Return Allure's page without whatever phones home, with a policy that forbids the rest.

    Args:
        page: What Allure drew as a single file.
        title: The page's title.

    Raises:
        ReportError: The page is not of the expected form, or something in it still refers to another host.
    """
    hashes: list[str] = []

    def script(match: re.Match[str]) -> str:
        code = _code(match[1], match[2])
        if code is None:
            return ""
        code = shared(code)
        hashes.append(base64.b64encode(hashlib.sha256(code.encode()).digest()).decode())
        return f"<script>{code}</script>"

    page = _SCRIPT.sub(script, page)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes) or "'none'"
    policy = "; ".join((*_POLICY, f"script-src {allowed}"))
    # First in the head: a policy holds for what comes after it.
    head = f'<meta charset="utf-8">\n    <meta http-equiv="Content-Security-Policy" content="{policy}">{_VIEWPORT}'
    page, heads = _CHARSET.subn(lambda _: head, page, count=1)
    page, titles = _TITLE.subn(lambda _: f"<title>{html.escape(title)}</title>", page, count=1)
    if (heads, titles) != (1, 1) or not hashes:
        msg = "the page that Allure drew has another form than expected: nothing was written"
        raise ReportError(msg)
    found = foreign(page)
    if found:
        msg = f"the page that Allure drew refers to other hosts: {', '.join(found)[:300]}; nothing was written"
        raise ReportError(msg)
    return page


def _code(attributes: str, code: str) -> str | None:
    """Return what a script runs, or None for one that is not to stay: analytics, a base address, another host's."""
    source = _SOURCE.search(attributes)
    if source is None:
        # A base address is of use to a page in several files only, and the policy lets nobody set one.
        return None if any(word in code for word in _NOT_OURS) else code
    if not source[1].startswith(_INLINE):
        return None
    try:
        code = base64.b64decode(source[1].removeprefix(_INLINE), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        msg = "a script of the page that Allure drew cannot be read: nothing was written"
        raise ReportError(msg) from error
    # Within JavaScript's texts and patterns this is the same, and it does not end the script.
    return re.sub(r"</(script)", r"<\\/\1", code, flags=re.IGNORECASE).replace("<!--", "<\\!--")


def foreign(page: str) -> list[str]:
    """Return every address of another host that a browser would load, or go to, when it opens the page."""
    finder = _Finder()
    finder.feed(page)
    finder.close()
    return list(dict.fromkeys(finder.found))


class _Finder(HTMLParser):
    """Collects what elements and style sheets refer to outside of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        for name, value in attrs:
            text = (value or "").strip()
            if name in _LOADS and text and not text.startswith(("data:", "#")):
                self.found.append(text)
            elif name == "style":
                self._styles(text)
            elif name in _LOADS and text.startswith("data:text/css;base64,"):
                self._styles(base64.b64decode(text.partition(",")[2]).decode("utf-8", "replace"))
        told = dict(attrs)
        if tag == "meta" and (told.get("http-equiv") or "").lower() == "refresh":
            self.found.append(told.get("content") or "refresh")

    def handle_endtag(self, tag: str) -> None:
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self._styles(data)

    def _styles(self, css: str) -> None:
        self.found += _URL.findall(css)
