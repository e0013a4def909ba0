"""Devices as a CSV table, to and from other inventories and spreadsheets."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from devices.models import Device

# Of the export, in this order. An import takes a log-in too.
COLUMNS = ("hostname", "address", "platform", "port", "credential", "tags", "gateway", "enabled", "description")
LOGIN_COLUMNS = ("username", "password", "enable_secret")
NEEDED = ("hostname", "address", "platform")
# What an empty cell means: nothing there. In other columns it is the empty text, or as if there were no such column.
EMPTY_IS_NULL = ("port", "credential", "gateway")
EMPTY_IS_UNSAID = ("enabled", *LOGIN_COLUMNS)
# Spreadsheets take a cell that begins with one of these for a formula, and run it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MARK = "'"


class BadTable(Exception):
    """The text is no table of devices; `errors` has sentences by line number, or by column."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(next(iter(errors.values()))[0])
        self.errors = errors


def guard(cell: str) -> str:
    """With an apostrophe before what a spreadsheet would run."""
    return _MARK + cell if cell.startswith((*_FORMULA, _MARK)) else cell


def unguard(cell: str) -> str:
    """The cell that was guarded."""
    return cell[1:] if cell.startswith(_MARK) and cell[1:].startswith((*_FORMULA, _MARK)) else cell


def columns_for(*, with_credential: bool) -> list[str]:
    """Of an export; who may not see credentials gets no column for them, so that importing it takes none away."""
    return [name for name in COLUMNS if with_credential or name != "credential"]


def plain_row(device: Device, *, with_credential: bool) -> dict[str, Any]:
    """A device in the words of the table."""
    row: dict[str, Any] = {
        "hostname": device.hostname,
        "address": device.address,
        "platform": device.platform.slug,
        "port": device.port,
        "credential": device.credential.name if device.credential else None,
        "tags": [tag.name for tag in device.tags.all()],
        "gateway": device.gateway.name if device.gateway else None,
        "enabled": device.enabled,
        "description": device.description,
    }
    return {name: row[name] for name in columns_for(with_credential=with_credential)}


def csv_lines(rows: Iterator[dict[str, Any]], columns: list[str]) -> Iterator[str]:
    """The table, line by line."""
    yield _line(columns)
    for row in rows:
        yield _line([_cell(row[name]) for name in columns])


def read_table(text: str) -> list[tuple[int, dict[str, Any]]]:
    """Rows with the number of the line on which each begins. Raises BadTable."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, dict[str, Any]]] = []
    errors: dict[str, list[str]] = {}
    columns: list[str] = []
    line = 1
    try:
        for cells in reader:
            if not columns and any(cells):
                columns = _columns(cells)
            elif any(cells) and len(cells) != len(columns):
                errors[str(line)] = [f"{len(cells)} cells, where the first line has {len(columns)}."]
            elif any(cells):
                rows.append((line, _row(columns, cells)))
            line = reader.line_num + 1
    except csv.Error as error:
        errors[str(line)] = [f"This is no CSV: {error}."]
    if not columns:
        raise BadTable({"detail": ["The table is empty: its first line names the columns."]})
    if errors:
        raise BadTable(errors)
    return rows


def _columns(cells: list[str]) -> list[str]:
    columns = [cell.strip().casefold() for cell in cells]
    known = (*COLUMNS, *LOGIN_COLUMNS)
    errors = {name or "?": ["There is no such column."] for name in columns if name not in known}
    errors |= {name: ["This column is there twice."] for name in columns if columns.count(name) > 1}
    errors |= {name: ["This column is missing."] for name in NEEDED if name not in columns}
    if errors:
        raise BadTable({name[:100]: sentences for name, sentences in errors.items()})
    return columns


def _row(columns: list[str], cells: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, cell in zip(columns, map(unguard, cells), strict=True):
        if name == "tags":
            row[name] = _split(cell)
        elif cell or name not in (*EMPTY_IS_NULL, *EMPTY_IS_UNSAID):
            row[name] = cell
        elif name in EMPTY_IS_NULL:
            row[name] = None
    return row


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return guard(_line(value, ";").removesuffix("\r\n") if value else "")
    return guard("" if value is None else str(value))


def _split(cell: str) -> list[str]:
    """`core;"a;b"` -> two tags."""
    return [tag.strip() for tag in next(csv.reader([cell], delimiter=";"), []) if tag.strip()]


def _line(cells: list[str], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerow(cells)
    return text.getvalue()
