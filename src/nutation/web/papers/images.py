"""Pictures of documents, PNG and JPEG: looked into before they are kept, and set on a page when they leave the clinic.

A picture is kept and shown as it was received: its hash is that of the file, and with its type fixed and sniffing off a
browser draws it and does nothing else with it. What goes to a payer is drawn anew, without what a camera adds (place,
device, a second picture behind the first).
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

from nutation.record.errors import InputError

if TYPE_CHECKING:
    from PIL.Image import Image

PIXELS_MOST = 100_000_000
"""Most pixels: a sheet of A3 at 600 dots an inch has 70 million, and 300 MB of memory hold the rest."""

_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG"}
_QUALITY = 90
"""Of the JPEG that is printed: print on a photographed sheet stays sharp."""
_PAPER_PT = (595.0, 842.0)
"""A4, which the picture fills in one direction; the page that it is set on scales it to its own frame."""


def check(content: bytes, media_type: str) -> int:
    """Draw the whole picture and return 1, its number of pages. Raises InputError with the mend."""
    _drawn(content, media_type).close()
    return 1


def as_pdf(content: bytes, media_type: str) -> bytes:
    """The picture, upright and without anything else that is in its file, as a PDF of one page."""
    picture = _upright(_drawn(content, media_type))
    if picture.mode not in ("1", "L", "RGB"):
        picture = _on_white(picture)
    clean = picture.copy()
    clean.info = {}
    clean.getexif().clear()
    scale = min(_PAPER_PT[0] / clean.width, _PAPER_PT[1] / clean.height)
    out = io.BytesIO()
    quality = {} if clean.mode == "1" else {"quality": _QUALITY}  # black and white alone is packed without loss
    clean.save(out, "PDF", resolution=72 / scale, **quality)
    return out.getvalue()


def _drawn(content: bytes, media_type: str) -> Image:
    import PIL.Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own limit is checked before anything is unpacked
            picture = PIL.Image.open(io.BytesIO(content), formats=(_FORMATS[media_type],))
            if picture.width * picture.height > PIXELS_MOST:
                raise _too_large()
            picture.load()
    except InputError:
        raise
    except PIL.Image.DecompressionBombError:
        raise _too_large() from None
    except Exception:  # a decoder can fail in any way on what was made to break it
        raise InputError("The picture is damaged and cannot be drawn.", mend="take or scan it again.") from None
    return picture


def _too_large() -> InputError:
    return InputError(
        f"The picture has more than {PIXELS_MOST // 1_000_000} million pixels.",
        mend="take it smaller, or scan it with fewer dots an inch.",
    )


def _upright(picture: Image) -> Image:
    from PIL import ImageOps

    turned: Any = ImageOps.exif_transpose(picture)
    return turned if turned is not None else picture


def _on_white(picture: Image) -> Image:
    import PIL.Image

    if picture.mode.startswith(("I", "F")):  # 16 bits a pixel
        return picture.point(lambda value: value / 257).convert("L")
    drawn = picture.convert("RGBA")
    ground = PIL.Image.new("RGBA", drawn.size, "white")
    ground.alpha_composite(drawn)
    return ground.convert("RGB")
