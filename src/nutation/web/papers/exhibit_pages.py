"""Uploaded pages set into the frames of a paper: whole, smaller where needed, flat, and under the exhibit's stamp.

Each page becomes one drawing (a form XObject) with what its annotations show; links, forms and whatever else a page can
do stay behind. The paper's own signs are drawn over it, so that no page can cover its stamp or a draft's mark.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from nutation.record.errors import InputError
from nutation.web.papers import images

if TYPE_CHECKING:
    from pypdf import PageObject, PdfWriter, Transformation

_MM = 72 / 25.4
FRAME_TOP_MM, FRAME_BOTTOM_MM, FRAME_SIDE_MM = 37.0, 27.0, 18.0
"""Distance of the frame from the paper's edges: the margins of ``base.typ`` and the stamp of ``exhibits.typ``."""
_INSET_MM = 1.0
_HIDDEN, _NO_VIEW = 1 << 1, 1 << 5
_FLAT = 6
_ACCESSIBLE = re.compile(rb"<pdfuaid:part>\d+</pdfuaid:part>")


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A page (from 1) of an uploaded document."""

    content: bytes
    media_type: str
    page: int


def merged(paper: bytes, pages: Sequence[SourcePage]) -> bytes:
    """The paper with each page in its frame: its last pages, as many as there are ``pages``, each hold one.

    Raises InputError where an uploaded page cannot be read.
    """
    if not pages:
        return paper
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=io.BytesIO(paper))
    opened: dict[int, PdfReader] = {}
    targets = list(writer.pages)[-len(pages) :]
    for number, (target, source) in enumerate(zip(targets, pages, strict=True)):
        key = id(source.content)
        if key not in opened:
            pdf = source.content
            if source.media_type != "application/pdf":
                pdf = images.as_pdf(pdf, source.media_type)
            opened[key] = PdfReader(io.BytesIO(pdf))
        try:
            _place(writer, target, opened[key].pages[source.page - 1], f"/NutationSource{number}")
        except Exception:  # it was looked into when it was uploaded; a reader may still stumble over one page
            raise InputError(
                f"Page {source.page} of an uploaded document cannot be set on paper.",
                mend="print the document into a new PDF, upload that, and pin to it.",
            ) from None
    _no_longer_accessible(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def texts(content: bytes, media_type: str, pages: Iterable[int]) -> dict[int, str]:
    """The text of pages (from 1) of an uploaded PDF; empty where a page has none that can be read."""
    wanted = list(pages)
    if media_type != "application/pdf":
        return dict.fromkeys(wanted, "")
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(content))
    found: dict[int, str] = {}
    for page in wanted:
        try:
            found[page] = reader.pages[page - 1].extract_text()
        except Exception:  # a scan has no text, and a text may be written in a way nobody reads
            found[page] = ""
    return found


def _place(writer: PdfWriter, target: PageObject, source: PageObject, name: str) -> None:
    """Draw the source below the target's own content, scaled down into the frame and centred at its top."""
    from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, NullObject

    drawing, turn, width, height = _drawing(writer, source)
    frame_w = float(target.mediabox.width) - 2 * (FRAME_SIDE_MM + _INSET_MM) * _MM
    frame_h = float(target.mediabox.height) - (FRAME_TOP_MM + FRAME_BOTTOM_MM + 2 * _INSET_MM) * _MM
    scale = min(frame_w / width, frame_h / height, 1.0)
    left = (FRAME_SIDE_MM + _INSET_MM) * _MM + (frame_w - width * scale) / 2
    bottom = float(target.mediabox.height) - (FRAME_TOP_MM + _INSET_MM) * _MM - height * scale
    matrix = " ".join(f"{part:.5f}" for part in turn.scale(scale).translate(left, bottom).ctm)
    before, after = DecodedStreamObject(), DecodedStreamObject()
    before.set_data(f"/Artifact BMC q {matrix} cm {name} Do Q EMC q\n".encode("ascii"))
    after.set_data(b"\nQ")
    resources: Any = target["/Resources"].get_object()
    known = resources.get("/XObject", DictionaryObject()).get_object()
    resources[NameObject("/XObject")] = DictionaryObject({**known, NameObject(name): drawing})
    own = target.raw_get("/Contents") if "/Contents" in target else NullObject()
    inner = own.get_object()
    parts: list[Any] = list(cast("Any", inner)) if isinstance(inner, ArrayObject) else [own]
    add = cast("Any", writer)._add_object
    target[NameObject("/Contents")] = ArrayObject(
        [add(before), *(part for part in parts if not isinstance(part, NullObject)), add(after)]
    )


def _drawing(writer: PdfWriter, source: PageObject) -> tuple[Any, Transformation, float, float]:
    """The page as one drawing of the writer's, how it is turned upright from (0, 0) on, and its size in points."""
    from pypdf import Transformation
    from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, FloatObject, NameObject

    box = source.cropbox
    x0, y0, x1, y1 = (float(side) for side in (box.left, box.bottom, box.right, box.top))
    if x1 - x0 <= 0 or y1 - y0 <= 0:
        x0, y0, x1, y1 = (float(side) for side in source.mediabox)
    resources = DictionaryObject()
    if "/Resources" in source:
        resources = cast("Any", source["/Resources"].get_object()).clone(writer, ignore_fields=("/Parent",))
    resources = DictionaryObject({key: resources.raw_get(key) for key in resources})
    told = source.get_contents()
    data = [b"q\n", told.get_data() if told is not None else b"", b"\nQ\n"]
    shown = DictionaryObject(dict(resources.get("/XObject", DictionaryObject()).get_object().items()))
    for name, drawn, matrix in _annotations(writer, source):
        shown[NameObject(name)] = drawn
        data.append(f"q {matrix} cm {name} Do Q\n".encode("ascii"))
    resources[NameObject("/XObject")] = shown
    plain = DecodedStreamObject()
    plain.set_data(b"".join(data))
    drawing = cast("Any", plain.flate_encode(_FLAT))
    drawing[NameObject("/Type")] = NameObject("/XObject")
    drawing[NameObject("/Subtype")] = NameObject("/Form")
    drawing[NameObject("/BBox")] = ArrayObject([FloatObject(side) for side in (x0, y0, x1, y1)])
    drawing[NameObject("/Resources")] = resources
    if "/Group" in source:
        drawing[NameObject("/Group")] = cast("Any", source["/Group"]).get_object().clone(writer)
    width, height = x1 - x0, y1 - y0
    turn = Transformation().translate(-x0, -y0)
    match source.rotation % 360:
        case 90:
            return cast("Any", writer)._add_object(drawing), turn.rotate(-90).translate(0, width), height, width
        case 180:
            return cast("Any", writer)._add_object(drawing), turn.rotate(180).translate(width, height), width, height
        case 270:
            return cast("Any", writer)._add_object(drawing), turn.rotate(90).translate(height, 0), height, width
        case _:
            return cast("Any", writer)._add_object(drawing), turn, width, height


def _annotations(writer: PdfWriter, source: PageObject) -> Iterable[tuple[str, Any, str]]:
    """What the page's annotations show (filled fields, stamps, notes in the margin): name, drawing, matrix."""
    for number, told in enumerate(source.get("/Annots", ()) or ()):
        note: Any = told.get_object()
        flags = int(note.get("/F", 0))
        if flags & (_HIDDEN | _NO_VIEW) or note.get("/Subtype") in ("/Popup", "/Link") or "/AP" not in note:
            continue
        shown = note["/AP"].get_object().get("/N")
        shown = shown.get_object() if shown is not None else None
        if shown is not None and "/BBox" not in shown:  # a field with several looks: the one that is on
            state = note.get("/AS")
            shown = shown[state].get_object() if state is not None and state in shown else None
        if shown is None or "/BBox" not in shown:
            continue
        matrix = _matrix(shown, [float(side) for side in note["/Rect"]])
        if matrix:
            yield f"/NutationNote{number}", cast("Any", writer)._add_object(shown.clone(writer)), matrix


def _matrix(shown: Any, rect: list[float]) -> str:
    """The matrix that sets an appearance into its annotation's place (ISO 32000-1, 12.5.5)."""
    a, b, c, d, e, f = (float(part) for part in shown.get("/Matrix", (1, 0, 0, 1, 0, 0)))
    x0, y0, x1, y1 = (float(side) for side in shown["/BBox"])
    xs = [a * x + c * y + e for x in (x0, x1) for y in (y0, y1)]
    ys = [b * x + d * y + f for x in (x0, x1) for y in (y0, y1)]
    width, height = max(xs) - min(xs), max(ys) - min(ys)
    if width <= 0 or height <= 0:
        return ""
    left, right = sorted((rect[0], rect[2]))
    bottom, top = sorted((rect[1], rect[3]))
    sx, sy = (right - left) / width, (top - bottom) / height
    return f"{sx:.5f} 0 0 {sy:.5f} {left - min(xs) * sx:.5f} {bottom - min(ys) * sy:.5f}"


def _no_longer_accessible(writer: PdfWriter) -> None:
    """Take back the word that the whole file is PDF/UA: uploaded pages have no tags."""
    told = cast("Any", writer.root_object).get("/Metadata")
    if told is not None:
        stream = told.get_object()
        stream.set_data(_ACCESSIBLE.sub(b"", stream.get_data()))
