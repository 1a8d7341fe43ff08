"""The ZIP file of a bundle is the same from every Python that the product runs on."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dcase_audit.trail.standalone.verify import Bundle, Refuted, check_layout
from dcase_audit.verification.archive import write_lines, write_member, writing

NAMES = ("bundle.json", "disclosures.jsonl", f"files/{'0' * 64}")
HEADER = struct.Struct("<4s5H3L2H")
real = zipfile.ZipInfo.FileHeader


def as_in_debian_12(info: zipfile.ZipInfo, zip64: bool | None = None) -> bytes:
    """Return a local header as Python 3.11.2 writes it: with the sizes beside those of its ZIP64 field."""
    header = real(info, zip64)
    if not zip64 or info.file_size > zipfile.ZIP64_LIMIT:
        return header
    sizes = (0, 0) if info.flag_bits & 8 else (info.compress_size, info.file_size)
    return header[:4] + struct.pack("<H", 20) + header[6:18] + struct.pack("<2L", *sizes) + header[26:]


def bundle(write: Callable[[zipfile.ZipFile], None]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        write(archive)
    return file.getvalue()


def ours(archive: zipfile.ZipFile) -> None:
    write_member(archive, NAMES[0], "{}")
    write_lines(archive, NAMES[1], ["a", "b"])
    with writing(archive, NAMES[2]) as member:
        member.write(b"record")


def looked_at(data: bytes, folder: Path) -> None:
    path = folder / "bundle.zip"
    path.write_bytes(data)
    with path.open("rb") as file:
        check_layout(Bundle(str(path), file))


@pytest.fixture(params=[real, as_in_debian_12], ids=["this Python", "Debian 12's"])
def python(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile.ZipInfo, "FileHeader", request.param)


@pytest.mark.usefixtures("python")
def test_the_verifier_finds_each_member_described_once(tmp_path: Path) -> None:
    data = bundle(ours)

    looked_at(data, tmp_path)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert [archive.read(name) for name in NAMES] == [b"{}", b"a\nb\n", b"record"]
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_DEFLATED}
        for info in archive.infolist():
            sizes = HEADER.unpack_from(data, info.header_offset)[7:9]
            assert sizes == ((2**32 - 1,) * 2 if info.filename != NAMES[0] else (info.compress_size, info.file_size))


def test_the_same_members_are_the_same_bytes_from_both(monkeypatch: pytest.MonkeyPatch) -> None:
    here = bundle(ours)
    monkeypatch.setattr(zipfile.ZipInfo, "FileHeader", as_in_debian_12)

    assert bundle(ours) == here


def test_what_debian_12_writes_by_itself_is_refuted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(zipfile.ZipInfo, "FileHeader", as_in_debian_12)

    def theirs(archive: zipfile.ZipFile) -> None:
        with archive.open(NAMES[1], "w", force_zip64=True) as member:
            member.write(b"a\nb\n")

    with pytest.raises(Refuted, match=r"disclosures\.jsonl is described in two ways"):
        looked_at(bundle(theirs), tmp_path)


def test_a_clock_before_1980_does_not_stop_a_bundle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("time.time", lambda: 0.0)

    looked_at(bundle(ours), tmp_path)
