"""What files may hold: told by their first bytes, their directory or their header, in little time and memory."""

from __future__ import annotations

import io
import random
import stat
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest

from dcase_audit.errors import AuditError
from evidence.examining import FLAGS, examine
from evidence.models import RevisionFile
from tests.evidence.sample_files import HTML, PNG, archive, document, jpeg, named, picture, png
from tests.timing import within

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
GIF = b"GIF89a"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
ELF, EXE = b"\x7fELF\x02\x01\x01" + bytes(9), b"MZ\x90\x00\x03\x00" + bytes(60)


def flags_of(data: bytes, name: str = "a", declared: str = "application/octet-stream") -> list[str]:
    stream = io.BytesIO(data)
    found = examine(stream, name=name, declared=declared)
    assert stream.tell() == 0
    return found


def refusal_of(data: bytes, name: str = "a", declared: str = "application/octet-stream") -> tuple[int, str]:
    with within(0.5), pytest.raises(AuditError) as refused:
        flags_of(data, name, declared)
    return refused.value.status, refused.value.slug


HONEST = [
    (document(), "手順書.pdf", "application/pdf"),
    (document(), "手順書.PDF", ""),
    (document(), "no extension", "application/octet-stream"),
    (picture("PNG"), "photo.png", "image/png"),
    (picture("JPEG"), "photo.jpeg", "image/jpeg"),
    (picture("GIF"), "a.gif", "image/gif"),
    (archive(("ログ/夜間.log", b"x" * 5000), ("a.csv", b"1")), "logs.zip", "application/x-zip-compressed"),
    (archive(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")), "議事録.docx", DOCX),
    (OLE, "old.xls", "application/vnd.ms-excel"),
    ("時刻,事象\n".encode("cp932"), "a.csv", "application/vnd.ms-excel"),
    ("時刻".encode("utf-16"), "memo.txt", "text/plain"),
    (b"MZ begins a text, too", "memo.txt", "text/plain"),
    (b"{}", "a.json", "application/json; charset=utf-8"),
    (b"\x00\x01firmware", "v1.2.bin", ""),
    (ELF, "firmware-1.2.elf", ""),
    (HTML, "page.html", "text/html"),
    (b"From: a\r\n\r\n%PDF-1.7 in the mail", "a.eml", "message/rfc822"),
    (b"version 1.2.3", "v1.2.3", "text/plain"),
    (archive(), "empty.zip", ""),
]


@pytest.mark.parametrize(("data", "name", "declared"), HONEST, ids=[name for _, name, _ in HONEST])
def test_N23_what_is_what_it_says_is_taken(data: bytes, name: str, declared: str) -> None:
    assert flags_of(data, name, declared) == []


CONTRADICTORY = {
    "a page as PDF": (HTML, "a.pdf", "application/pdf"),
    "a program as PDF": (ELF, "a.pdf", ""),
    "an archive as PDF": (archive(("a", b"")), "a.pdf", "application/pdf"),
    "a text as PDF": (b"rule", "rule.pdf", ""),
    "nothing but a mark before": (b"\xef\xbb\xbf" + document(), "a.pdf", ""),
    "a PDF as text": (document(), "a.txt", ""),
    "a PDF as a page": (document(), "a.html", ""),
    "a PDF sent as an image": (document(), "a", "image/png"),
    "a PDF sent as text": (document(), "a.pdf", "text/plain"),
    "a page sent as PDF": (HTML, "a", "application/pdf"),
    "a program as text": (EXE, "a.log", ""),
    "a program as an image": (EXE, "a.png", "image/png"),
    "a PNG as JPEG": (picture("PNG"), "a.jpg", "image/jpeg"),
    "an archive sent as JSON": (archive(("a", b"")), "a.zip", "application/json"),
    "a page as a sheet": (HTML, "a.xlsx", ""),
    "a sheet of old that is a page": (HTML, "a.xls", ""),
    "two extensions": (EXE, "手順書.pdf.exe", ""),
    "two extensions, a space": (EXE, "手順書.pdf .exe. ", ""),
    "two extensions, a script": (b"WScript.Echo(1)", "report.docx.vbs", ""),
    "a PDF and an archive": (document() + archive(("a", b"")), "a.pdf", ""),
    "an image and an archive": (picture("GIF") + archive(("a", b"")), "a.gif", ""),
    "a text and an archive": (b"hello" + archive(("a", b"")), "a.txt", ""),
    "an image and a PDF": (picture("GIF")[:20] + document(), "a.gif", ""),
}


@pytest.mark.parametrize("given", CONTRADICTORY.values(), ids=CONTRADICTORY)
def test_N23_what_contradicts_itself_is_refused(given: tuple[bytes, str, str]) -> None:
    assert refusal_of(*given) == (415, "contradictory-file")


def test_N23_an_archive_inside_of_a_pdf_is_none_of_its_own() -> None:
    data = document(attach(archive(("a", b"x")), compress=False), compress_streams=False)

    assert zipfile.is_zipfile(io.BytesIO(data))
    assert flags_of(data, "a.pdf") == ["pdf_attachments"]


def attach(data: bytes, *, compress: bool = True) -> Callable[[pikepdf.Pdf], None]:
    def change(made: pikepdf.Pdf) -> None:
        made.attachments["a.bin"] = data

    return change


def acting(kind: str, **more: object) -> Callable[[pikepdf.Pdf], None]:
    def change(made: pikepdf.Pdf) -> None:
        made.Root.OpenAction = made.make_indirect(
            pikepdf.Dictionary({"/S": pikepdf.Name(kind)} | {f"/{name}": value for name, value in more.items()})
        )

    return change


def linked(made: pikepdf.Pdf) -> None:
    link = pikepdf.Dictionary(S=pikepdf.Name.URI, URI="https://example.com/")
    made.pages[0].Annots = pikepdf.Array([pikepdf.Dictionary(Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=link)])


def additional(made: pikepdf.Pdf) -> None:
    made.pages[0].AA = pikepdf.Dictionary(O=pikepdf.Dictionary(S=pikepdf.Name.Named, N=pikepdf.Name.NextPage))


def turned(made: pikepdf.Pdf) -> None:
    made.Root.OpenAction = pikepdf.Array([made.pages[0].obj, pikepdf.Name.Fit])


PACKED = {"object_stream_mode": pikepdf.ObjectStreamMode.generate}
DOCUMENTS = {
    "plain": (document(), []),
    "opens at its first page": (document(turned), []),
    "script on opening": (document(acting("/JavaScript", JS="app.alert(1)")), ["pdf_actions", "pdf_javascript"]),
    "script, packed": (document(acting("/JavaScript", JS="app.alert(1)"), **PACKED), ["pdf_actions", "pdf_javascript"]),
    "script by name": (document(named, **PACKED), ["pdf_javascript"]),
    "starts a program": (document(acting("/Launch", F="cmd.exe")), ["pdf_actions", "pdf_launch"]),
    "sends a form": (document(acting("/SubmitForm", F="https://example.com/")), ["pdf_actions", "pdf_links"]),
    "acts when a page is shown": (document(additional), ["pdf_actions"]),
    "link": (document(linked, **PACKED), ["pdf_links"]),
    "attachment": (document(attach(b"x")), ["pdf_attachments"]),
    "encrypted": (document(encryption=pikepdf.Encryption(owner="o", user="u")), ["pdf_encrypted"]),
    "without a password to read": (document(encryption=pikepdf.Encryption(owner="o")), ["pdf_encrypted"]),
    "name written otherwise": (
        document(acting("/JavaScript", JS="x")).replace(b"/JavaScript", b"/#4aava#53cript"),
        ["pdf_actions", "pdf_javascript"],
    ),
    "cut off": (document(linked)[:200], ["pdf_unreadable"]),
    "nothing but its first line": (b"%PDF-1.7\n", ["pdf_unreadable"]),
}


@pytest.mark.parametrize(("data", "flags"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_N25_what_a_pdf_does_is_flagged(data: bytes, flags: list[str]) -> None:
    assert flags_of(data, "a.pdf", "application/pdf") == flags


def test_N25_a_large_pdf_is_examined_in_part_and_in_little_time() -> None:
    page = b"%d 0 obj\n<< /Type /Page /Contents [" + b"1 0 R " * 200 + b"] >>\nendobj\n"
    objects = [page % number for number in range(1, 8000)]
    body, offsets = io.BytesIO(), []
    body.write(b"%PDF-1.4\n")
    for each in objects:
        offsets.append(body.tell())
        body.write(each)
    start = body.tell()
    body.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    body.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    body.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))

    with within(1.5):
        assert flags_of(body.getvalue(), "a.pdf") == ["pdf_not_examined"]
    assert flags_of(b"%PDF-1.7" + bytes(33 * 1024 * 1024)) == ["pdf_not_examined"]


def entry(name: str, mode: int = 0) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        info = zipfile.ZipInfo("x")
        info.filename = name
        info.external_attr = mode << 16
        made.writestr(info, b"x")
    return file.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "make",
    [
        lambda: entry("../x"),
        lambda: entry("a/../../x"),
        lambda: entry("..\\x"),
        lambda: entry("/etc/passwd"),
        lambda: entry("\\\\server\\x"),
        lambda: entry("C:\\x"),
        lambda: entry("a\x00.txt"),
        lambda: entry("a\r\nb"),
        lambda: entry("link", stat.S_IFLNK | 0o777),
        lambda: entry("inner.zip"),
        lambda: entry("inner.tar.gz"),
        lambda: entry("INNER.7Z"),
        lambda: archive(("a", b"1"), ("a", b"2")),
        lambda: archive(("a", b"1"), ("A", b"2")),
        lambda: archive(("が", b"1"), ("か\u3099", b"2")),
        lambda: archive(("a", b"1"))[:-22],
        lambda: archive(("a", b"1"))[:-22] + b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 9, 9, 50, 40, 0),
        lambda: b"PK\x03\x04" + bytes(100),
        lambda: claims(archive(("a", b"1"), ("b", b"1")), 1),
    ],
)
def test_N26_an_archive_that_would_unpack_elsewhere_or_to_something_else_is_refused(make: Callable[[], bytes]) -> None:
    assert refusal_of(make()) == (422, "unsafe-archive")


def claims(data: bytes, entries: int) -> bytes:
    """Return the archive with another number of entries in its end."""
    return (
        data[:-14] + struct.pack("<HH", entries, entries)[:2] * 2 + data[-10:]
        if data[-22:-18] == b"PK\x05\x06"
        else b""
    )


def overlapping(copies: int, size: int) -> bytes:
    """Return a bomb of one kernel that every entry of the directory points at."""
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = kernel.compress(bytes(size)) + kernel.flush()
    local = struct.pack("<4sHHHHHLLLHH", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, len(packed), size, 1, 0) + b"a" + packed
    directory = b"".join(
        struct.pack(
            "<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 0, 20, 0, 0, 8, 0, 0, 0, len(packed), size, 5, 0, 0, 0, 0, 0, 0
        )
        + b"%05d" % number
        for number in range(copies)
    )
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, copies, copies, len(directory), len(local), 0)
    return local + directory + end


@pytest.mark.parametrize(
    "make",
    [
        lambda: overlapping(2, 700 * 1024 * 1024),
        lambda: overlapping(9_000, 10_000_000),
        lambda: archive(("zeros", bytes(80 * 1024 * 1024))),
        lambda: overlapping(10_001, 10),
        lambda: claims(overlapping(60_000, 1), 3),
        lambda: overlapping(65_535, 1),
    ],
    ids=["two", "many", "one file of zeros", "entries", "entries that it does not count", "more than can be counted"],
)
def test_N26_a_bomb_is_refused_before_anything_is_unpacked(make: Callable[[], bytes]) -> None:
    assert refusal_of(make(), "a.zip") == (413, "archive-too-large")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (archive(("word/document.xml", b""), ("word/vbaProject.bin", b"x")), "a.docm"),
        (archive(("xl/VBAPROJECT.BIN", b"x")), "a.xlsx"),
        (archive(("content.xml", b""), ("Basic/Standard/Module1.xml", b"x")), "a.odt"),
        (OLE + bytes(2_000_000 - len(OLE) - 9) + "_VBA_PROJECT".encode("utf-16-le") + bytes(999), "a.doc"),
    ],
)
def test_N26_macros_are_refused(data: bytes, name: str) -> None:
    assert refusal_of(data, name) == (422, "macros")


def test_N26_what_cannot_be_looked_into_is_flagged() -> None:
    encrypted = bytearray(archive(("a", b"x"), compression=zipfile.ZIP_STORED))
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1

    assert flags_of(bytes(encrypted), "a.zip") == ["archive_encrypted"]
    assert flags_of(OLE + "EncryptedPackage".encode("utf-16-le"), "a.docx") == ["office_encrypted"]
    assert flags_of(b"\x1f\x8b\x08" + bytes(20), "a.log.gz") == ["archive_not_examined"]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (png(50_000, 50_000), "a.png"),
        (jpeg(50_000, 50_000), "a.jpg"),
        (GIF + struct.pack("<HH", 50_000, 50_000) + picture("GIF")[10:], "a.gif"),
    ],
)
def test_N27_an_image_of_too_many_pixels_is_refused_by_its_header(data: bytes, name: str) -> None:
    assert refusal_of(data, name) == (422, "image-too-large")


def test_N27_a_large_scan_is_taken() -> None:
    assert flags_of(png(14_000, 14_000), "a.png") == []
    assert flags_of(PNG, "a.png") == ["image_unreadable"]


def test_every_flag_is_said() -> None:
    assert set(RevisionFile.Flag.values) == FLAGS


def test_the_demos_files_pass() -> None:
    files = sorted((Path(__file__).parents[2] / "dcase_audit/demo/files").glob("*.pdf"))

    assert len(files) > 5
    for file in files:
        assert flags_of(file.read_bytes(), file.name, "application/pdf") == []


SEEDS = [
    document(named, **PACKED),
    document(linked),
    archive(("a", b"x"), ("b", b"y")),
    picture("PNG"),
    picture("JPEG"),
]


@pytest.mark.parametrize("seed", SEEDS, ids=["pdf", "pdf with a link", "zip", "png", "jpeg"])
def test_spoilt_files_are_flagged_or_refused_and_nothing_else(seed: bytes) -> None:
    chance = random.Random(23)
    for _ in range(300):
        data = bytearray(seed)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        del data[chance.randrange(len(data)) :: chance.choice([2**30, 97])]
        with within(1):
            try:
                assert set(flags_of(bytes(data))) <= FLAGS
            except AuditError as refusal:
                assert refusal.status in {413, 415, 422}


def test_examining_takes_little_memory_and_time(tmp_path: Path) -> None:
    path = tmp_path / "large"
    for head in (b"", b"\x1f\x8b\x08", OLE, PNG, b"\xff\xd8\xff\xe0", b"%PDF-1.7"):
        path.write_bytes(head + bytes(40 * 1024 * 1024))
        with path.open("rb") as stream:
            tracemalloc.start()
            with within(1):
                examine(stream, name="a", declared="")
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < 8 * 1024 * 1024
