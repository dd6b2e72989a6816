"""Bulk import over REST: send JSON Lines, follow the job, fetch the report of refused lines."""

import codecs
import zlib
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.catalog import api
from apps.catalog.contracts import MAX_IMPORT_BYTES, ImportStatus, LineError
from apps.profiles import api as profiles
from specrec.kernel import clock, wire
from specrec.kernel.errors import Invalid, TooLarge
from specrec.kernel.openapi import schema_of

JSON = "application/json"
NDJSON = "application/x-ndjson"
GZIP_WINDOW = 31  # zlib's way to say: with the header of gzip
_STATUS = {
    "import_id": "0b8a2c1e-5a0f-4f0e-9f5e-2f2f6a7f3c11",
    "state": "done",
    "lines_total": 1500,
    "lines_done": 1498,
    "lines_failed": 2,
    "created_at": "2026-11-22T10:00:00Z",
    "finished_at": "2026-11-22T10:00:02Z",
    "message": "2 of 1,500 lines were refused; the report says why.",
}


class BulkView(APIView):
    """Many items at once, as a job."""

    required_scope = "catalog:write"

    @extend_schema(
        operation_id="importItems",
        summary="Import items as JSON Lines",
        description="One item a line, as in `POST /v1/items`. At most 64 MB, and 1 MB a line; gzip is accepted.",
        tags=["catalogue"],
        parameters=[OpenApiParameter("Content-Encoding", str, OpenApiParameter.HEADER, enum=["gzip", "identity"])],
        request={NDJSON: {"type": "string"}},
        responses={(202, JSON): schema_of(ImportStatus)},
        examples=[OpenApiExample("Accepted", value=_STATUS | {"state": "queued"}, response_only=True)],
    )
    def post(self, request: Request) -> HttpResponse:
        """Accept the lines and answer 202 with the job; `Location` is where to follow it."""
        site_id = profiles.caller_of(auth=request.auth).site_id
        data = _plain(request.body, request.headers.get("Content-Encoding", "identity").strip().lower())
        lines = data.removeprefix(codecs.BOM_UTF8)
        if not lines or lines.isspace():
            raise Invalid("The body has no lines; send one item a line.", code="empty_body")
        status = api.start_import(site_id=site_id, data=data, now=clock.now())
        response = HttpResponse(wire.encode(status), content_type=JSON, status=202)
        response["Location"] = f"/v1/imports/{status.import_id}"
        return response


class ImportView(APIView):
    """An import and how far it came."""

    required_scope = "catalog:write"

    @extend_schema(
        operation_id="getImport",
        summary="Follow an import",
        tags=["catalogue"],
        responses={(200, JSON): schema_of(ImportStatus)},
        examples=[OpenApiExample("Done", value=_STATUS, response_only=True)],
    )
    def get(self, request: Request, import_id: UUID) -> HttpResponse:
        """Answer with state and counts."""
        site_id = profiles.caller_of(auth=request.auth).site_id
        return HttpResponse(wire.encode(api.get_import(site_id=site_id, import_id=import_id)), content_type=JSON)


class ImportErrorsView(APIView):
    """The refused lines of an import."""

    required_scope = "catalog:write"

    @extend_schema(
        operation_id="getImportErrors",
        summary="Download the refused lines of an import",
        description="JSON Lines, one refused line each: number, item id where it could be read, code, field, message.",
        tags=["catalogue"],
        responses={(200, NDJSON): schema_of(LineError)},
    )
    def get(self, request: Request, import_id: UUID) -> HttpResponse:
        """Answer with the report so far."""
        site_id = profiles.caller_of(auth=request.auth).site_id
        response = HttpResponse(api.get_import_errors(site_id=site_id, import_id=import_id), content_type=NDJSON)
        response["Content-Disposition"] = f'attachment; filename="import-{import_id}-errors.jsonl"'
        return response


def _plain(body: bytes, encoding: str) -> bytes:
    """Return the body unpacked, never more than is accepted (a small body may unpack to any size)."""
    if encoding in {"identity", ""}:
        return body
    if encoding != "gzip":
        message = f"The content encoding {encoding[:50]!r} is not known; send gzip or none."
        raise Invalid(message, code="unknown_encoding", field="Content-Encoding")
    parts, size, rest = [], 0, body
    try:
        while rest:
            unpacker = zlib.decompressobj(GZIP_WINDOW)
            parts.append(unpacker.decompress(rest, MAX_IMPORT_BYTES - size + 1))
            size += len(parts[-1])
            if size > MAX_IMPORT_BYTES:
                message = f"Unpacked, the body has more than {MAX_IMPORT_BYTES:,} bytes. Send it in smaller parts."
                raise TooLarge(message, code="too_large", max_bytes=MAX_IMPORT_BYTES)
            if not unpacker.eof:
                raise Invalid("The gzip body ends before it is whole.", code="malformed_gzip")
            rest = unpacker.unused_data
    except zlib.error as error:
        raise Invalid(f"The body is not valid gzip: {error}.", code="malformed_gzip") from error
    return b"".join(parts)
