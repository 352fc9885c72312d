"""Facts as tables: every list of flat records in them, as CSV, which the Allure report shows as a table. Pure."""

import csv
import io
from collections.abc import Iterator
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def tables(facts: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 — JSON
    """Yield the name and the CSV text of every table in a JSON object of facts, the outer ones first."""
    yield from _tables("", facts)


def _tables(path: str, data: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 — JSON
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _tables(f"{path}.{key}" if path else key, value)
    elif isinstance(data, list) and data and all(isinstance(row, dict) for row in data):
        columns = list(dict.fromkeys(key for row in data for key, value in row.items() if not _nested(value)))
        if columns:
            yield path or "facts", _csv(columns, data)


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
