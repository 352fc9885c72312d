"""What Allure's renderer is given: a copy of a run's results, with the history of the runs before it."""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from apgms_ops.errors import ReportError

_STATUSES: Final = ("failed", "broken", "skipped", "passed", "unknown")


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
    count = _merge_attachments(folder)
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


def _merge_attachments(folder: Path) -> int:
    """Let results that attach the same text share one file, and return how many results there are.

    Each check attaches what it judges; twelve checks of one observation would carry it into the page twelve times.
    """
    same: dict[str, str] = {}
    kept: dict[str, str] = {}
    for path in sorted(folder.glob("*-attachment*")):
        key = f"{hashlib.sha256(path.read_bytes()).hexdigest()}{path.suffix}"
        kept[path.name] = same.setdefault(key, path.name)
    count = 0
    for path in sorted(folder.glob("*-result.json")):
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            msg = f"{path.name} is not JSON: the results are damaged"
            raise ReportError(msg) from error
        path.write_text(json.dumps(_renamed(data, kept), ensure_ascii=False), encoding="utf-8")
        count += 1
    for name, first in kept.items():
        if name != first:
            (folder / name).unlink()
    return count


def _renamed(data: Any, names: dict[str, str]) -> Any:  # noqa: ANN401 — JSON
    if isinstance(data, dict):
        return {
            key: names.get(value, value) if key == "source" and isinstance(value, str) else _renamed(value, names)
            for key, value in data.items()
        }
    return [_renamed(item, names) for item in data] if isinstance(data, list) else data


def _write_history(folder: Path, earlier: tuple[Earlier, ...]) -> None:
    history = folder / "history"
    history.mkdir()
    newest_first = [
        {"buildOrder": len(earlier) - number, "reportUrl": "", "reportName": run.run, "data": run.statistic}
        for number, run in enumerate(earlier)
    ]
    _write(history / "history-trend.json", newest_first)
    _write(history / "history.json", _per_check(earlier))
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
