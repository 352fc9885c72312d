"""What Allure's renderer is given: a copy of a run's results, with the history of the runs before it."""

import base64
import hashlib
import html
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from apgms_ops.errors import ReportError

_STATUSES: Final = ("failed", "broken", "skipped", "passed", "unknown")
_SVG: Final = "image/svg+xml"
_AS_HTML: Final = ("message", "trace", "statusDetails")
_OPENS: Final = re.compile("<(?=[A-Za-z/!?])")


@dataclass(frozen=True, slots=True)
class Earlier:
    """The results of a run, as far as a history tells them."""

    run: str
    results: tuple[dict[str, Any], ...]

    @property
    def statistic(self) -> dict[str, int]:
        """How many results there are of each status."""
        return _statistic(self.results)


def stage(results: Path, folder: Path, earlier: Iterable[Earlier]) -> int:
    """Copy `results` into the empty `folder`, fit to be drawn, and return how many results there are.

    Args:
        results: The run's folder of Allure results; it is only read.
        folder: Where the copy goes.
        earlier: The runs before it, the newest first.

    Raises:
        ReportError: There are no results, or they cannot be read.
    """
    if not results.is_dir():
        msg = f"{results} does not exist: the run wrote its Allure results elsewhere (--alluredir), or none"
        raise ReportError(msg)
    try:
        for path in sorted(results.iterdir()):
            # A link could bring a file of this machine into the report.
            if path.is_file() and not path.is_symlink():
                shutil.copyfile(path, folder / path.name)
    except OSError as error:
        msg = f"{results} cannot be copied: {error.strerror or error}"
        raise ReportError(msg) from error
    count = _complete(folder)
    if not count:
        msg = f"{results} holds no results"
        raise ReportError(msg)
    _write_history(folder, tuple(earlier))
    return count


def read_results(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the results in a folder; one that is not readable is passed over, since it is history only."""
    for path in sorted(folder.glob("*-result.json")):
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(data, dict) and isinstance(data.get("historyId"), str) and data.get("status") in _STATUSES:
            yield data


def _complete(folder: Path) -> int:
    """Let results share what they attach, show their pictures, and return how many results there are."""
    results = {path: _read(path) for path in sorted(folder.glob("*-result.json"))}
    containers = {path: _read(path) for path in sorted(folder.glob("*-container.json"))}
    kept = _shared(folder, [a for data in (*results.values(), *containers.values()) for a in _attachments(data)])
    for path, data in (results | containers).items():
        for attachment in _attachments(data):
            attachment["source"] = kept.get(attachment["source"], attachment["source"])
        if path in results:
            _show_pictures(folder, data)
        _write(path, _tagless(data))
    return len(results)


def _tagless(data: Any, key: str = "") -> Any:  # noqa: ANN401 — JSON
    """Return JSON in which no message or trace can be taken for HTML, and which reads the same.

    Allure puts these two into its page as they are, so that what a stranger named could draw over the verdicts. No
    letter follows a `<` any more, so that it opens nothing; what separates them takes no room.
    """
    if isinstance(data, dict):
        return {name: _tagless(value, name) for name, value in data.items()}
    if isinstance(data, list):
        return [_tagless(item, key) for item in data]
    return _OPENS.sub("<\N{WORD JOINER}", data) if isinstance(data, str) and key in _AS_HTML else data


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        msg = f"{path.name} is not JSON: the results are damaged"
        raise ReportError(msg) from error
    if not isinstance(data, dict):
        msg = f"{path.name} is not a JSON object: the results are damaged"
        raise ReportError(msg)
    return data


def _attachments(data: object) -> Iterator[dict[str, Any]]:
    """Yield the attachments of a result or container, those of its steps included."""
    if isinstance(data, list):
        for item in data:
            yield from _attachments(item)
    elif isinstance(data, dict):
        for key, value in data.items():
            if key == "attachments" and isinstance(value, list):
                yield from (a for a in value if isinstance(a, dict) and isinstance(a.get("source"), str))
            else:
                yield from _attachments(value)


def _shared(folder: Path, attachments: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Remove files that repeat what another one attaches under the same name, and return which stands for which.

    Each check attaches what it judges; twelve checks of one observation would carry it into the page twelve times.
    """
    first: dict[tuple[object, ...], str] = {}
    kept: dict[str, str] = {}
    for attachment in attachments:
        source = attachment["source"]
        path = folder / source
        if source in kept or path.parent != folder or not path.is_file():
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        kept[source] = first.setdefault((attachment.get("name"), attachment.get("type"), digest), source)
    for source, stands in kept.items():
        if source != stands:
            (folder / source).unlink()
    return kept


def _show_pictures(folder: Path, result: dict[str, Any]) -> None:
    """Put the pictures that a result attaches into its description, where they are seen without a click.

    As images: whatever they hold, a browser runs nothing of it.
    """
    shown = []
    for attachment in _attachments(result):
        path = folder / attachment["source"]
        if attachment.get("type") == _SVG and path.parent == folder and path.is_file():
            data = base64.b64encode(path.read_bytes()).decode("ascii")
            name = html.escape(str(attachment.get("name")))
            shown.append(f'<p><img alt="{name}" style="max-width:100%" src="data:{_SVG};base64,{data}"></p>')
    if shown:
        described = html.escape(str(result.pop("description", None) or ""))
        result["descriptionHtml"] = "\n".join((f"<p>{described}</p>", *shown))


def _write_history(folder: Path, earlier: tuple[Earlier, ...]) -> None:
    history = folder / "history"
    history.mkdir()
    newest_first = [
        {"buildOrder": len(earlier) - number, "reportUrl": "", "reportName": run.run, "data": run.statistic}
        for number, run in enumerate(earlier)
    ]
    _write(history / "history-trend.json", newest_first)
    _write(history / "history.json", _tagless(_per_check(earlier)))
    executor = folder / "executor.json"
    try:
        told = json.loads(executor.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        told = {}
    # The trend counts runs; a CI job's own number would not go on from theirs.
    _write(executor, {**told, "buildOrder": len(earlier) + 1})


def _per_check(earlier: tuple[Earlier, ...]) -> dict[str, Any]:
    found: dict[str, list[dict[str, Any]]] = {}
    for run in earlier:
        for result in run.results:
            start, stop = int(result.get("start") or 0), int(result.get("stop") or 0)
            item = {
                "uid": hashlib.sha256(f"{run.run} {result['historyId']}".encode()).hexdigest()[:16],
                "status": result["status"],
                "statusDetails": str((result.get("statusDetails") or {}).get("message") or ""),
                "time": {"start": start, "stop": stop, "duration": max(0, stop - start)},
            }
            found.setdefault(result["historyId"], []).append(item)
    return {key: {"statistic": _statistic(items), "items": items} for key, items in found.items()}


def _statistic(results: Iterable[dict[str, Any]]) -> dict[str, int]:
    counted = Counter(str(result["status"]) for result in results)
    return {status: counted[status] for status in _STATUSES} | {"total": counted.total()}


def _write(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
