"""Facts as tables: every list of flat records in them, as CSV, which the Allure report shows as a table. Pure."""

import csv
import io
from collections.abc import Iterator
from typing import Any

_KEY = "of"
"""The column that tells from which of several lists a row is."""
_SEVERAL = 2
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def tables(facts: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 — JSON
    """Yield the name and the CSV text of every table in a JSON object of facts, the outer ones first."""
    yield from _tables("", facts)


def _tables(path: str, data: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 — JSON
    if path and isinstance(data, dict) and (one := _by_key(data)) is not None:
        yield path, one
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _tables(f"{path}.{key}" if path else key, value)
    elif _records(data) and (columns := _columns(data)):
        yield path or "facts", _csv(columns, data)


def _by_key(data: dict[str, Any]) -> str | None:
    """Return one table of several lists of alike records, each row with its list's key; None of lists that differ."""
    lists = list(data.values())
    if len(lists) < _SEVERAL or not all(one == [] or _records(one) for one in lists):
        return None
    columns = {tuple(_columns(one)) for one in lists if one}
    if len(columns) != 1:
        return None
    (names,) = columns
    if not names or _KEY in names:
        return None
    return _csv([_KEY, *names], [{_KEY: key, **row} for key, rows in data.items() for row in rows])


def _records(data: Any) -> bool:  # noqa: ANN401 — JSON
    return isinstance(data, list) and bool(data) and all(isinstance(row, dict) for row in data)


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for row in rows for key, value in row.items() if not _nested(value)))


def _nested(value: Any) -> bool:  # noqa: ANN401 — JSON
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict) for item in value))


def _csv(columns: list[str], rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> str:  # noqa: ANN401 — JSON
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(str(item) for item in value)
    text = str(value)
    # A spreadsheet takes such a text for a formula; a number stays one.
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
