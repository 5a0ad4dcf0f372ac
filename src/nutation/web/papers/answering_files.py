"""Answers that are files: our papers and documents from outside, under headers that let neither do anything."""

from __future__ import annotations

import re

from fastapi.responses import Response

from nutation.web.papers.chart_documents import Document
from nutation.web.papers.uploads import MEDIA_TYPES

_DAY = re.compile(r"[^0-9-]")
SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'none'"


def paper(content: bytes, name: str) -> Response:
    """A PDF that we made, shown in the browser under a ``name`` that holds nothing of the patient."""
    return _file(content, "application/pdf", f"{name}.pdf")


def document(told: Document, content: bytes, *, saved: bool = False) -> Response:
    """A document as it was received.

    Its type is that of its content, which a browser may not guess anew; it is drawn in a sandbox, without scripts,
    forms and anything from elsewhere. Its name is made of kind and date: what the sender called it is nobody's path.
    """
    ending = MEDIA_TYPES[told.media_type]
    name = f"{told.type.replace('_', '-')}-{_DAY.sub('', told.dated) or 'undated'}-{told.id[:8]}.{ending}"
    return _file(content, told.media_type, name, saved=saved)


def _file(content: bytes, media_type: str, name: str, *, saved: bool = False) -> Response:
    headers = {
        "content-disposition": f'{"attachment" if saved else "inline"}; filename="{name}"',
        "content-security-policy": SANDBOX,
        "x-content-type-options": "nosniff",
        "x-download-options": "noopen",
    }
    return Response(content, media_type=media_type, headers=headers)
