"""Import and export of devices, as parts of the device's endpoints."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from credentials.models import Credential
from devices.api.importing import DeviceImport, Rows
from devices.inventory_csv import BadTable, columns_for, csv_lines, plain_row, read_table
from devices.models import Device
from netraven.audit.trail import Action, note_kind
from netraven.filtering import flag_from, refuse_unknown
from netraven.permissions import signed_in_user

SECRETS = [f"credential__{name}" for name in Credential.SECRET_FIELDS]
CHUNK = 500  # devices that are read at once


@dataclass(frozen=True)
class Table:
    """What a body in text/csv holds."""

    rows: Rows


class CsvParser(BaseParser):
    """A table of devices, in UTF-8."""

    media_type = "text/csv"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        """A Table, with line numbers. Raises ParseError, ValidationError."""
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        content = stream.read(most + 1)
        if len(content) > most:
            raise RequestDataTooBig("The table is too large.")
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ParseError("The table is not UTF-8.") from error
        if "\0" in text:
            raise ParseError("NUL characters are not allowed.")
        try:
            return Table(read_table(text))
        except BadTable as error:
            raise ValidationError(error.errors) from error


def import_devices(request: Request) -> dict[str, Any]:
    """What came of the rows in the body; `?dry_run=true` changes nothing, `?update=true` also devices that are there.

    Raises ValidationError, PermissionDenied.
    """
    refuse_unknown(request, {"dry_run", "update"})
    dry_run, update = flag_from(request, "dry_run"), flag_from(request, "update")
    counts = DeviceImport(signed_in_user(request), update=update, dry_run=dry_run).run(_rows(request.data))
    return {"dry_run": dry_run, **counts}


def export_response(request: Request, devices: QuerySet[Device]) -> StreamingHttpResponse:
    """All of them, as `?format=csv` or `json`; what it holds can be imported again. Raises ValidationError."""
    form = request.query_params.get("format", "csv")
    if form not in ("csv", "json"):
        raise ValidationError({"format": ["There are csv and json."]})
    seen = signed_in_user(request).has_perm("credentials.view_credential")
    found = devices.select_related("platform", "gateway", "credential").defer(*SECRETS).prefetch_related("tags")
    note_kind(Action.EXPORT_DEVICES, Device, format=form, devices=devices.count())
    rows = (plain_row(device, with_credential=seen) for device in found.iterator(chunk_size=CHUNK))
    return StreamingHttpResponse(
        csv_lines(rows, columns_for(with_credential=seen)) if form == "csv" else _json_lines(rows),
        content_type="text/csv; charset=utf-8" if form == "csv" else "application/json",
        headers={
            "Content-Disposition": f'attachment; filename="devices.{form}"',
            "Cache-Control": "private, no-cache",
        },
    )


def _rows(data: Any) -> Rows:
    """Numbered by their lines, or by their places in a list."""
    match data:
        case Table():
            return data.rows
        case list():
            return list(enumerate(data, start=1))
    raise ValidationError({"detail": "Give a list of devices, or a table as text/csv."})


def _json_lines(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    before = "["
    for row in rows:
        yield f"{before}\n{json.dumps(row, ensure_ascii=False)}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"
