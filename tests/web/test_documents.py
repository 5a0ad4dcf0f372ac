"""Documents from outside: told by their content, refused with a reason where they would act, kept as they came."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from nutation.record.errors import InputError
from nutation.record.head import Source
from nutation.record.kinds import PainScore
from nutation.record.period import Period
from nutation.store import Store, documents, ledger, patients
from nutation.web.papers import chart_documents, images, pdf_check, uploads
from nutation.web.papers.uploads import Upload
from nutation.web.settings import Settings
from web.made import NOW, Clock
from web.papers_made import (
    DAY,
    added,
    as_role,
    papers_app,
    pdf_of,
    picture_of,
    upload,
    with_field,
    writer_of,
    written,
)

PLAIN = pdf_of("page one", "page two")


@pytest.fixture
def app(store: Store, settings: Settings, clock: Clock) -> FastAPI:
    return papers_app(store, settings, clock)


# ── what a PDF may not hold ──────────────────────────────────────────────────────────────────────────


def _named(**told: object) -> DictionaryObject:
    return DictionaryObject({NameObject(f"/{key}"): value for key, value in told.items()})  # pyright: ignore


def _changed(change: Callable[[PdfWriter], object]) -> bytes:
    writer = writer_of("a page")
    change(writer)
    return written(writer)


def _annotated(**told: object) -> bytes:
    rect = ArrayObject([FloatObject(side) for side in (0, 0, 9, 9)])

    def change(writer: PdfWriter) -> None:
        note = _named(Type=NameObject("/Annot"), Rect=rect, **told)
        writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(note)])

    return _changed(change)


def _root(**told: object) -> bytes:
    return _changed(lambda writer: writer.root_object.update(_named(**told)))


def _script(name: str = "/JavaScript") -> DictionaryObject:
    return _named(S=NameObject(name), JS=TextStringObject("app.alert(1)"))


def _encrypted(password: str) -> bytes:
    writer = writer_of("a page")
    writer.encrypt(password, algorithm="AES-256")
    return written(writer)


def raw_pdf(*objects: bytes, root: int = 1) -> bytes:
    """A PDF of these objects, numbered from 1, with its table."""
    out = bytearray(b"%PDF-1.7\n")
    places: list[int] = []
    for number, told in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, told)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, root, table)
    return bytes(out)


def _in_object_stream(script: bytes) -> bytes:
    """A PDF whose catalogue and script stand compressed inside an object stream, where no search of the bytes sees."""
    inner = [
        b"<</Type/Catalog/Pages 2 0 R/OpenAction 4 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>", script,
    ]  # fmt: skip
    heads, body = b"", b""
    for number, told in enumerate(inner, 1):
        heads += b"%d %d " % (number, len(body))
        body += told + b" "
    packed = zlib.compress(heads + body)
    out = bytearray(b"%PDF-1.7\n")
    place = len(out)
    out += b"5 0 obj\n<</Type/ObjStm/N 4/First %d/Filter/FlateDecode/Length %d>>stream\n" % (len(heads), len(packed))
    out += packed + b"\nendstream\nendobj\n"
    table = len(out)
    rows = b"\x00\x00\x00\x00" + b"".join(b"\x02\x00\x05" + bytes([n]) for n in range(4))
    rows += b"\x01" + place.to_bytes(2, "big") + b"\x00" + b"\x01" + table.to_bytes(2, "big") + b"\x00"
    out += b"6 0 obj\n<</Type/XRef/Size 7/W[1 2 1]/Root 1 0 R/Length %d>>stream\n%s\nendstream\nendobj\n" % (
        len(rows), rows,
    )  # fmt: skip
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % table)


def _stream(content: bytes, told: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), told, content)


def _bomb() -> bytes:
    packed = zlib.compress(b"0 0 m " * 14_000_000, 1)
    return raw_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>", _stream(packed, b"/Filter/FlateDecode"),
    )  # fmt: skip


def _laughs() -> bytes:
    """Ten levels of pages, each naming the one below ten times: ten thousand million pages in a kilobyte."""
    levels = [
        b"<</Type/Pages/Count 10/Kids[%s]>>" % (b"%d 0 R " % (number + 3) * 10) for number in range(10)
    ]  # fmt: skip
    return raw_pdf(b"<</Type/Catalog/Pages 2 0 R>>", *levels, b"<</Type/Page/MediaBox[0 0 9 9]>>")


def _many_pages() -> bytes:
    kids = b" ".join(b"3 0 R" for _ in range(400))
    return raw_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[%s]>>" % kids,
        b"<</Type/Page/MediaBox[0 0 9 9]>>",
    )  # fmt: skip


def _picture(width: int, height: int) -> bytes:
    head = b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8/ColorSpace/DeviceGray" % (width, height)
    return raw_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>", _stream(b"0", head),
    )  # fmt: skip


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "script when opened": (lambda: _root(OpenAction=_script()), "a script"),
    "script of a page": (lambda: _changed(lambda w: w.pages[0].update(_named(AA=_named(O=_script())))), "a script"),
    "script by name": (lambda: _root(Names=_named(JavaScript=_named(Names=ArrayObject()))), "a script"),
    "script whose name is spelled otherwise": (
        lambda: _root(OpenAction=_script()).replace(b"/JavaScript", b"/Java#53cript").replace(b"/JS", b"/J#53"),
        "a script",
    ),
    "script inside an object stream": (lambda: _in_object_stream(b"<</S/JavaScript/JS(x)>>"), "a script"),
    "program": (lambda: _root(OpenAction=_named(S=NameObject("/Launch"), F=TextStringObject("x.exe"))), "program"),
    "form that sends": (
        lambda: _annotated(Subtype=NameObject("/Widget"), A=_named(S=NameObject("/SubmitForm"))), "sends itself"
    ),
    "another file": (lambda: _annotated(Subtype=NameObject("/Link"), A=_named(S=NameObject("/GoToR"))), "another file"),
    "embedded file": (lambda: _changed(lambda w: w.add_attachment("x.exe", b"MZ")), "embedded file"),
    "attached note": (lambda: _annotated(Subtype=NameObject("/FileAttachment")), "embedded file"),
    "film": (lambda: _annotated(Subtype=NameObject("/RichMedia")), "film"),
    "XFA form": (lambda: _root(AcroForm=_named(XFA=TextStringObject("x"))), "XFA"),
    "encrypted": (lambda: _encrypted("secret"), "encrypted"),
    "encrypted without password": (lambda: _encrypted(""), "encrypted"),
    "cut off": (lambda: PLAIN[: len(PLAIN) // 2], "cut off"),
    "nothing but a head": (lambda: b"%PDF-1.7\n%%EOF", "damaged"),
    "noise": (lambda: b"%PDF-1.7\n" + bytes(range(256)) * 40 + b"\n%%EOF", "damaged"),
    "no page": (
        lambda: raw_pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"), "no page"
    ),
    "page of itself": (
        lambda: raw_pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R]/Count 1>>"), "damaged|no page"
    ),
    "four hundred pages said to be one": (_many_pages, "more than 300 pages"),
    "ten thousand million pages": (_laughs, "more than 300 pages|damaged"),
    "page without size": (
        lambda: raw_pdf(
            b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 0 9]>>",
        ),
        "no size",
    ),
    "bomb": (_bomb, "unpacks to far more"),
    "picture without end": (lambda: _picture(1_000_000, 1_000_000), "picture that is too large"),
    "nested without end": (lambda: raw_pdf(b"[" * 20_000, b"<<>>"), "damaged"),
    "page before it": (lambda: b"<html><script>alert(1)</script>" + PLAIN, "first byte"),
    "archive behind it": (lambda: PLAIN + b"PK\x03\x04 and more", "behind the PDF's end"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_pdf_that_would_act_or_cannot_be_read_is_refused(name: str) -> None:
    made, says = HOSTILE[name]
    with pytest.raises(InputError, match=says) as caught:
        pdf_check.check(made(), pages_most=300)
    assert caught.value.mend


def test_what_hospitals_send_is_taken() -> None:
    """Links to the web, filled fields, a view to open with, bookmarks, PDF/A's own word: none of it acts."""

    def usual(writer: PdfWriter) -> None:
        with_field(writer, "filled")
        writer.add_outline_item("Findings", 0)
        writer.add_uri(0, "https://example.org", (0, 0, 9, 9))
        intent = _named(Type=NameObject("/OutputIntent"), S=NameObject("/GTS_PDFA1"))
        view = ArrayObject([writer.pages[0].indirect_reference, NameObject("/Fit")])
        writer.root_object.update(_named(OpenAction=view, OutputIntents=ArrayObject([intent])))

    assert pdf_check.check(_changed(usual), pages_most=300) == 1
    assert pdf_check.check(PLAIN + b"\n\0 \r\n", pages_most=2) == 2
    assert pdf_check.check(_in_object_stream(b"<</S/GoTo/D[3 0 R/Fit]>>"), pages_most=1) == 1


@given(st.binary(max_size=400), st.integers(0, len(PLAIN)), st.integers(0, 200))
def test_whatever_is_damaged_the_answer_is_a_number_or_a_reason(noise: bytes, at: int, gone: int) -> None:
    try:
        told: int | str = pdf_check.check(PLAIN[:at] + noise + PLAIN[at + gone :], pages_most=300)
    except InputError as error:
        told = error.mend
    assert told


def test_the_look_into_it_is_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUTATION_SECRET_KEY", "not for the child")
    assert pdf_check.apart(PLAIN, pages_most=300) == 2
    with pytest.raises(InputError, match="a script"):
        pdf_check.apart(HOSTILE["script when opened"][0](), pages_most=300)
    monkeypatch.setattr(pdf_check, "_SECONDS", 0.01)
    with pytest.raises(InputError, match="takes too long"):
        pdf_check.apart(PLAIN, pages_most=300)


# ── pictures and names ───────────────────────────────────────────────────────────────────────────────


def test_pictures_are_told_by_their_content(settings: Settings) -> None:
    png, jpeg = picture_of("PNG"), picture_of("JPEG")
    assert uploads.look_into(png, "x.pdf", settings).media_type == "image/png"
    assert uploads.look_into(jpeg, "x.exe", settings).media_type == "image/jpeg"
    for told, says in (
        (b"", "empty"), (b"GIF89a", "not a PDF, PNG or JPEG"), (b"<svg/>", "not a PDF"), (b"MZ", "not a PDF"),
        (png[:200], "damaged"), (jpeg[: len(jpeg) // 2], "damaged"), (b"\xff\xd8\xff" + b"0" * 99, "damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 99, "damaged"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=says) as caught:
            uploads.look_into(told, "scan.pdf", settings)
        assert caught.value.place == "scan"
        assert caught.value.mend


def test_a_picture_that_unpacks_without_end_is_refused() -> None:
    """20,000 × 20,000 pixels in a few kilobytes: refused by what its head says, before anything is unpacked."""
    head = (20_000).to_bytes(4, "big") * 2 + b"\x01\x00\x00\x00\x00"
    made = b"\x89PNG\r\n\x1a\n"
    for kind, told in ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 2501 * 20_000, 1)), (b"IEND", b"")):
        made += len(told).to_bytes(4, "big") + kind + told + zlib.crc32(kind + told).to_bytes(4, "big")
    with pytest.raises(InputError, match="million pixels"):
        images.check(made, "image/png")


def test_what_goes_out_is_the_picture_alone() -> None:
    """Turned upright, and without the place where it was taken and whatever stands behind it."""
    from PIL import Image

    told = Image.Exif()
    told[0x0112], told[0x010E] = 6, "at the patient's home"
    content = picture_of("JPEG", (300, 400), exif=told) + b"<script>behind</script>"
    assert images.check(content, "image/jpeg") == 1
    pdf = images.as_pdf(content, "image/jpeg")
    (page,) = PdfReader(io.BytesIO(pdf)).pages
    assert page.mediabox.width > page.mediabox.height  # 300 × 400 lying on its side
    assert b"home" not in pdf
    assert b"behind" not in pdf
    for mode in ("RGBA", "P", "L", "1", "CMYK", "I;16", "LA"):
        out = io.BytesIO()
        Image.new(mode, (9, 9)).save(out, "JPEG" if mode == "CMYK" else "PNG")
        kind = "image/jpeg" if mode == "CMYK" else "image/png"
        assert images.as_pdf(out.getvalue(), kind).startswith(b"%PDF-"), mode


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Block of April.pdf", "Block of April"),
        ("../../etc/passwd", "passwd"),
        ("C:\\scans\\a.b.pdf", "a.b"),
        ("scan\r\nSet-Cookie: x=1.pdf", "scan Set-Cookie: x=1"),
        ("a\u202efdp.exe", "a fdp"),
        ("", "Document"),
        (".pdf", ".pdf"),
        ("\0\0", "Document"),
        ("x" * 900 + ".pdf", "x" * 200),
        ("<b>bold.pdf", "<b>bold"),
    ],
)
def test_a_files_name_becomes_a_title_and_nothing_else(name: str, title: str) -> None:
    assert uploads.title_of(name) == title


# ── kept on both databases ───────────────────────────────────────────────────────────────────────────


def _upload(text: str = "page one", title: str = "Scan") -> Upload:
    return Upload(pdf_of(text, "page two"), "application/pdf", 2, title)


def _keep(store: Store, patient: str, *given: Upload, **told: str) -> list[str]:
    values = {"type": "injection_record", "dated": "2026-04-14", **told}
    with store.write() as conn:
        return chart_documents.keep(conn, patient, given, today=DAY, by="dr", at=NOW, **values)


def test_documents_and_pins_on_both_databases(database_url: str) -> None:
    store = Store.open(database_url)
    try:
        patient, event = _patient_with_event(store)
        first, second = _keep(store, patient, _upload("a"), _upload("b"), title="April")
        with store.write() as conn:
            told = chart_documents.get(conn, patient, first)
            assert (told.title, told.type_said, told.dated, told.pages) == (
                "April (1)", "Injection record", "2026-04-14", 2,
            )  # fmt: skip
            assert chart_documents.content(conn, told) == pdf_of("a", "page two")
            chart_documents.pin(conn, patient, first, [event, event], 2, by="dr", at=NOW)
            chart_documents.pin(conn, patient, first, [event], 2, by="dr", at=NOW)  # once is enough
            chart_documents.pin(conn, patient, first, [event], 1, by="dr", at=NOW)
            assert chart_documents.get(conn, patient, first).pins == ((event, 1), (event, 2))
            chart_documents.unpin(conn, patient, first, event, 1, by="dr", at=NOW)
            chart_documents.describe(
                conn, patient, first, title="Block", type="operation_report", dated="2026-04", today=DAY, by="dr",
                at=NOW,
            )  # fmt: skip
            told = chart_documents.get(conn, patient, first)
            assert (told.title, told.type, told.dated, told.pins) == (
                "Block", "operation_report", "2026-04", ((event, 2),),
            )  # fmt: skip
            chart_documents.withdraw(conn, patient, second, reason="of another patient", by="dr", at=NOW)
            assert [one.id for one in chart_documents.every(conn, patient)] == [first]
            assert len(ledger.entries(conn, patient, ("document", "pin"))) == 2 + 2 + 1 + 1 + 1
            with pytest.raises(InputError, match="no such document"):
                chart_documents.get(conn, patient, second)
            # what was taken out may come again; what is here may not
            chart_documents.keep(conn, patient, [_upload("b")], type="other", dated="", today=DAY, by="dr", at=NOW)
        with pytest.raises(InputError, match="here already, as “Block”"), store.write() as conn:
            chart_documents.keep(conn, patient, [_upload("a")], type="other", dated="", today=DAY, by="dr", at=NOW)
    finally:
        store.close()


def _patient_with_event(store: Store) -> tuple[str, str]:
    from nutation.store import events

    with store.write() as conn:
        patient = patients.add(conn, "Anna Berg", by="dr", at=NOW)
        events.append_events(conn, patient, [_score("s1")], by="dr", at=NOW)
    return patient, "s1"


def _score(name: str, *supersedes: str) -> PainScore:
    return PainScore(
        id=name, patient="x", side="left", happened=Period.model_validate("2026-04-14"), recorded_at=NOW,
        source=Source(system="desk", path=name), nrs=7.0 if name == "s1" else 6.0, site="si_region", rates="average",
        supersedes=supersedes,
    )  # fmt: skip


def test_a_pin_follows_its_event_into_its_correction(store: Store) -> None:
    from nutation.store import events

    patient, event = _patient_with_event(store)
    (document,) = _keep(store, patient, _upload())
    with store.write() as conn:
        chart_documents.pin(conn, patient, document, [event], 2, by="dr", at=NOW)
        events.append_events(conn, patient, [_score("s2", "s1")], by="dr", at=NOW)
        record = events.record_of(conn, patient)
        (source,) = chart_documents.sources(chart_documents.every(conn, patient), chart_documents.heirs(record.events))
        assert source.pins == {"s2": (2,)}
        with pytest.raises(InputError, match="no longer stands"):
            chart_documents.pin(conn, patient, document, [event], 1, by="dr", at=NOW)


def test_documents_of_a_merged_patient_are_read_with_the_others(store: Store) -> None:
    patient, _ = _patient_with_event(store)
    with store.write() as conn:
        other = patients.add(conn, "A. Berg", by="dr", at=NOW)
    (document,) = _keep(store, other, _upload())
    with store.write() as conn:
        patients.merge(conn, other, patient, by="dr", at=NOW, reason="same number")
        told = chart_documents.get(conn, patient, document)
        assert told.owner == other
        assert chart_documents.content(conn, told).startswith(b"%PDF")
        chart_documents.pin(conn, patient, document, ["s1"], 1, by="dr", at=NOW)
        assert chart_documents.get(conn, patient, document).pins == (("s1", 1),)
        patients.erase(conn, patient, by="dr", at=NOW, basis="request of the patient")
        assert chart_documents.every(conn, patient) == []
        with pytest.raises(InputError, match="no such document"):
            documents.get(conn, other, told.sha256)


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"type": "exe"}, "was not chosen"), ({"type": ""}, "was not chosen"), ({"dated": "tomorrow"}, "is not a date"),
        ({"dated": "2026-13-01"}, "not a day"), ({"dated": "2027-01-01"}, "lies ahead"),
    ],
)  # fmt: skip
def test_kind_and_day_are_checked(store: Store, told: dict[str, str], says: str) -> None:
    patient, _ = _patient_with_event(store)
    with pytest.raises(InputError, match=says) as caught:
        _keep(store, patient, _upload(), **told)
    assert caught.value.mend
    with store.read() as conn:
        assert chart_documents.every(conn, patient) == []


# ── the pages ────────────────────────────────────────────────────────────────────────────────────────


def test_upload_pin_and_open(app: FastAPI, store: Store) -> None:
    patient = added(store, "discordant-blocks")
    client = as_role(app, "coordinator")
    answer = upload(client, patient, ("../../<script>alert(1)<!script>.pdf", PLAIN))
    assert answer.status_code == 303, answer.text
    place = answer.headers["location"].partition("?")[0]
    page = client.get(place).text
    assert "&lt;script&gt;alert(1)&lt;!script&gt;" in page
    assert "<script>alert" not in page
    assert "injection-2e71a2ceddf0be69" in page
    told = {"events": ["injection-2e71a2ceddf0be69", "injection-ea9c86f42a9bf9f0"], "page": "2"}
    assert client.post(f"{place}/pins", data=told).status_code == 303
    page = client.get(place).text
    assert page.count(">Unpin<") == 2
    assert client.post(f"{place}/unpin", data={"event": told["events"][0], "page": "2"}).status_code == 303
    assert client.get(place).text.count(">Unpin<") == 1
    for wrong, says in (
        ({"events": told["events"], "page": "9"}, "has 2 pages"), ({"page": "1"}, "No event is chosen"),
        ({"events": told["events"], "page": "two"}, "not a number"),
        ({"events": "no-such-event", "page": "1"}, "no longer stands"),
    ):  # fmt: skip
        answer = client.post(f"{place}/pins", data=wrong)
        assert answer.status_code == 422
        assert says in answer.text


def test_a_document_is_given_out_so_that_it_can_do_nothing(app: FastAPI, store: Store) -> None:
    patient = added(store, "discordant-blocks")
    client = as_role(app, "therapist")
    answer = upload(client, patient, ('a"; filename="x.html\r\n', picture_of("PNG")), type="examination")
    place = answer.headers["location"].partition("?")[0]
    answer = client.get(f"{place}/content")
    assert answer.content == picture_of("PNG")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers.get_list("content-security-policy")[0].startswith("default-src 'none'; sandbox")
    assert len(answer.headers.get_list("content-security-policy")) == 2
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith('inline; filename="examination-2026-04-14-')
    assert disposition.endswith('.png"')
    assert client.get(f"{place}/content?saved=true").headers["content-disposition"].startswith("attachment")


def test_several_at_once_are_all_kept_or_none(app: FastAPI, store: Store) -> None:
    patient = added(store, "discordant-blocks")
    client = as_role(app, "coordinator")
    bad = HOSTILE["script when opened"][0]()
    answer = upload(client, patient, ("one.pdf", PLAIN), ("two.pdf", bad), ("three.txt", b"text"), dated="2026-05")
    assert answer.status_code == 422
    assert "two: The PDF holds a script" in answer.text
    assert "three: It is not a PDF, PNG or JPEG" in answer.text
    assert 'value="2026-05"' in answer.text  # what was entered is still there
    assert "No document is here yet" in answer.text
    answer = upload(client, patient, ("one.png", picture_of("PNG")), ("two.jpg", picture_of("JPEG")), title="Sheet")
    assert answer.headers["location"] == f"/patients/{patient}/documents?told=saved"
    page = client.get(answer.headers["location"]).text
    assert "Sheet (1)" in page
    assert "Sheet (2)" in page


def test_limits_are_the_settings(store: Store, settings: Settings, clock: Clock) -> None:
    small = settings.model_copy(update={"document_limit_mb": 1, "documents_at_once": 2, "document_pages": 1})
    app = papers_app(store, small, clock)
    patient = added(store, "discordant-blocks")
    client = as_role(app, "coordinator")
    assert "more than 1 pages" in upload(client, patient, ("a.pdf", PLAIN)).text
    big = picture_of("PNG") + b"\0" * 1_000_001
    assert "larger than 1 MB" in upload(client, patient, ("a.png", big)).text
    three = [(f"{n}.png", picture_of("PNG", (9, 9 + n))) for n in range(3)]
    assert "At most 2 files" in upload(client, patient, *three).text
    assert "sent without a file" in upload(client, patient).text


def test_who_may(app: FastAPI, store: Store) -> None:
    patient = added(store, "discordant-blocks")
    place = upload(as_role(app, "coordinator"), patient, ("a.png", picture_of())).headers["location"].partition("?")[0]
    researcher, administrator = as_role(app, "researcher"), as_role(app, "administrator")
    for client in (researcher, administrator):
        for path in (f"/patients/{patient}/documents", place, f"{place}/content", f"/patients/{patient}/readiness.pdf"):
            assert client.get(path).status_code == 403
        assert upload(client, patient, ("b.png", picture_of("PNG", (9, 9)))).status_code == 403
    therapist = as_role(app, "therapist")
    assert therapist.get(place).status_code == 200
    for path in (f"{place}x", f"/patients/{'0' * 32}/documents", "/patients/x/documents", f"{place}x/content"):
        assert therapist.get(path).status_code == 404


def test_taken_out_it_is_gone_and_said_to_be(app: FastAPI, store: Store) -> None:
    patient = added(store, "discordant-blocks")
    client = as_role(app, "coordinator")
    place = upload(client, patient, ("a.png", picture_of()), title="Of somebody else").headers["location"]
    place = place.partition("?")[0]
    assert client.post(f"{place}/withdraw", data={"reason": " "}).status_code == 422
    assert client.post(f"{place}/withdraw", data={"reason": "of another patient"}).status_code == 303
    assert client.get(f"{place}/content").status_code == 404
    page = client.get(f"/patients/{patient}/documents").text
    assert "1 document taken out" in page
    assert "Of somebody else: of another patient" in page


def test_the_readiness_sheet_is_the_stored_answers(app: FastAPI, store: Store) -> None:
    patient = added(store, "discordant-blocks")
    client = as_role(app, "therapist")
    page = client.get(f"/patients/{patient}/readiness").text
    assert "Not for the patient, not for a payer" in page
    assert "Treat conservatively" in page
    answer = client.get(f"/patients/{patient}/readiness.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert "Readiness sheet" in PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    with store.write() as conn:
        fresh = patients.add(conn, "Nobody Yet", by="dr", at=NOW)
    assert "No answer is stored" in client.get(f"/patients/{fresh}/readiness").text
    assert client.get(f"/patients/{fresh}/readiness.pdf").status_code == 422


def test_streams_are_what_pypdf_reads() -> None:
    """The made PDFs are what they claim to be: the hidden script is there, and not in the bytes."""
    made = _in_object_stream(b"<</S/JavaScript/JS(x)>>")
    assert b"JavaScript" not in made
    assert PdfReader(io.BytesIO(made)).trailer["/Root"]["/OpenAction"]["/S"] == "/JavaScript"
    assert isinstance(DecodedStreamObject().get_data(), bytes)
    assert NumberObject(1) == 1
