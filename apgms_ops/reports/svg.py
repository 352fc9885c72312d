"""A small drawing as SVG text: rectangles, lines and escaped words; no scripts, no styles, no references.

It brings its own background, so that it reads the same on a light and on a dark page.
"""

import html
from typing import Final, NamedTuple

from apgms_ops.redact import printable

PAPER: Final = "#ffffff"
FRAME: Final = "#c9ced6"
TRACK: Final = "#eef1f5"
INK: Final = "#1c2430"
FAINT: Final = "#566070"
GOOD: Final = "#5b8fc9"
GOOD_DARK: Final = "#2f659f"
BAD: Final = "#e0524d"
BAD_DARK: Final = "#a51d1a"
UNKNOWN: Final = "#b58900"
LIMIT: Final = "#1c2430"

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif"
_HATCHED = (
    '<defs><pattern id="unknown" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" fill="#fdf6e3"/><rect width="2" height="6" fill="#e3cd85"/></pattern></defs>'
)
_NARROWEST = 0.5
_NOT_XML = str.maketrans({"\ufffe": "\N{REPLACEMENT CHARACTER}", "\uffff": "\N{REPLACEMENT CHARACTER}"})


def escaped(text: str, limit: int = 300) -> str:
    """Return hostile text as one line that is inert in XML, in an attribute as well as between tags."""
    return html.escape(printable(text, limit=limit).translate(_NOT_XML), quote=True)


def shortened(text: str, limit: int) -> str:
    """Return one line of at most `limit` characters; the cut is shown in the middle, since names differ at both ends.

    Args:
        text: Any text.
        limit: Characters, at least 3.
    """
    line = printable(text, limit=len(text))
    if len(line) <= limit:
        return line
    head = limit // 2
    return f"{line[:head]}…{line[len(line) - (limit - head - 1) :]}"


def cut(text: str, limit: int) -> str:
    """Return one line of at most `limit` characters: a sentence, of which the beginning says most."""
    line = printable(text, limit=len(text))
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


class Place(NamedTuple):
    """Where a rectangle is, and how large."""

    x: float
    y: float
    width: float
    height: float

    @property
    def attributes(self) -> str:
        """As SVG writes it."""
        return f'{_at(self.x, self.y)} width="{_n(self.width)}" height="{_n(self.height)}"'


class Drawing:
    """Shapes one above the other, in pixels from the upper left corner."""

    def __init__(self, width: int) -> None:
        """Begin an empty drawing of a fixed width; its height comes with `render`."""
        self._width = width
        self._parts: list[str] = []

    def box(self, place: Place, fill: str, *, tip: str = "") -> None:
        """Draw a filled rectangle; `tip` shows where the pointer rests on it."""
        inner = f"><title>{escaped(tip)}</title></rect>" if tip else "/>"
        self._parts.append(f'<rect {place.attributes} fill="{fill}"{inner}')

    def bar(self, place: Place, fill: str, *, tip: str = "") -> None:
        """Draw a rectangle for a quantity above zero: however small, it is seen."""
        self.box(place._replace(width=max(place.width, _NARROWEST)), fill, tip=tip)

    def unknown(self, place: Place, *, tip: str = "") -> None:
        """Draw where a quantity would be if it were known: hatched, unlike any quantity, zero included."""
        inner = f"><title>{escaped(tip)}</title></rect>" if tip else "/>"
        self._parts.append(
            f'<rect {place.attributes} fill="url(#unknown)" '
            f'stroke="{UNKNOWN}" stroke-width="1" stroke-dasharray="3 2"{inner}'
        )

    def line(self, x: float, top: float, bottom: float, *, dashed: bool = False) -> None:
        """Draw an upright line: a limit."""
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        ends = f'x1="{_n(x)}" y1="{_n(top)}" x2="{_n(x)}" y2="{_n(bottom)}"'
        self._parts.append(f'<line {ends} stroke="{LIMIT}" stroke-width="1.5"{dash}/>')

    def words(  # noqa: PLR0913 — place, text, and four ways to set it
        self,
        x: float,
        y: float,
        text: str,
        *,
        fill: str = INK,
        size: int = 12,
        bold: bool = False,
        anchor: str = "start",
        tip: str = "",
    ) -> None:
        """Write one line; `y` is its base line."""
        weight = ' font-weight="600"' if bold else ""
        ends = "" if anchor == "start" else f' text-anchor="{anchor}"'
        title = f"<title>{escaped(tip)}</title>" if tip else ""
        self._parts.append(
            f'<text {_at(x, y)} font-size="{size}" fill="{fill}"{weight}{ends}>{escaped(text)}{title}</text>'
        )

    def render(self, height: float, title: str) -> str:
        """Return the drawing as an SVG document.

        Args:
            height: Pixels.
            title: What it shows, for those who cannot see it.
        """
        size = f'width="{self._width}" height="{_n(height)}" viewBox="0 0 {self._width} {_n(height)}"'
        frame = f'x="0.5" y="0.5" width="{self._width - 1}" height="{_n(height - 1)}" rx="6"'
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{html.escape(_FONT)}">',
            f"<title>{escaped(title)}</title>",
            _HATCHED,
            f'<rect {frame} fill="{PAPER}" stroke="{FRAME}"/>',
        )
        return "\n".join((*head, *self._parts, "</svg>")) + "\n"


def _at(x: float, y: float) -> str:
    return f'x="{_n(x)}" y="{_n(y)}"'


def _n(value: float) -> str:
    """Return a number with at most one decimal: the same text on every machine."""
    return f"{value:.1f}".removesuffix(".0")
