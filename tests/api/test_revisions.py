from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from evidence.models import Revision, StoredFile
from evidence.storage import object_store
from tests.api.client import Api, pointers, slug
from tests.api.conftest import As
from tests.cast import Cast, revision

PATH = "artefacts/night-drills/revisions"
SAYS = {"proves_from": "2026-11-19T16:00:00Z", "proves_until": "2026-11-19T17:00:00Z", "covers": ["night"]}


def file(content: bytes = b"held", name: str = "記録.txt") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "text/plain")


def add(api: Api, says: Any = SAYS, *files: Any) -> Any:
    return api.upload(PATH, {"file": list(files) or [file()], "revision": json.dumps(says)})


def test_a_revision_comes_with_its_files_and_is_a_draft(as_: As) -> None:
    response = add(as_("olga"), SAYS, file(), file(b"second", "b.txt"))

    assert response.status_code == 201
    made = response.json()
    assert made["state"] == "draft"
    assert made["number"] == 1
    assert [(each["name"], each["size"]) for each in made["files"]] == [("記録.txt", 4), ("b.txt", 6)]
    assert made["files"][0]["sha256"] == hashlib.sha256(b"held").hexdigest()
    assert as_("ken").get(f"revisions/{made['id']}").json() == made


def test_the_members_may_be_fields_of_the_form(as_: As) -> None:
    fields = {"file": file(), "proves_until": "2026-11-19T17:00:00+09:00", "covers": ["night", "day"], "note": "夜"}

    made = as_("olga").upload(PATH, fields).json()

    assert made["covers"] == ["day", "night"]
    assert made["proves_until"] == "2026-11-19T08:00:00+00:00"
    assert made["note"] == "夜"


def test_what_is_said_of_each_file_is_kept(as_: As) -> None:
    said = [{"role": "main", "language": "ja"}, {"role": "capture", "source_url": "https://example.com/1"}]

    made = add(as_("olga"), {**SAYS, "files": said}, file(), file(b"page", "p.txt")).json()

    assert [(each["role"], each["language"]) for each in made["files"]] == [("main", "ja"), ("capture", "")]
    assert made["files"][1]["source_url"] == "https://example.com/1"


@pytest.mark.parametrize(
    ("says", "status", "places"),
    [
        ({}, 422, {"/valid_from"}),
        ({**SAYS, "approved": True}, 422, {"/approved"}),
        ({**SAYS, "verdict": "maybe"}, 422, {"/verdict"}),
        ({**SAYS, "valid_from": "2026-11-20T00:00:00"}, 422, {"/valid_from"}),
        ({**SAYS, "valid_from": 5}, 422, {"/valid_from"}),
        ({**SAYS, "valid_from": "9999-12-31T00:00:00Z"}, 422, {"/valid_from"}),
        (
            {"valid_from": "2026-11-20T00:00:00Z", "valid_until": "2026-11-19T00:00:00Z"},
            422,
            {"/valid_until"},
        ),
        ({**SAYS, "covers": ["a", "a"]}, 422, {"/covers"}),
        ({**SAYS, "covers": ["x" * 101]}, 422, {"/covers/0"}),
        ({**SAYS, "covers": "night"}, 422, {"/covers"}),
        ({**SAYS, "subjects": {"failover-setting": "on"}}, 422, {"/subjects/failover-setting"}),
        ({**SAYS, "subjects": {"failover-setting": {}}}, 422, {"/subjects/failover-setting/version"}),
        ({**SAYS, "corrects": 9}, 422, {"/corrects"}),
        ({**SAYS, "corrects": 2**40}, 422, {"/corrects"}),
        ({**SAYS, "corrects": True}, 422, {"/corrects"}),
        ({**SAYS, "confidentiality": "confidential"}, 422, {"/confidential_reason"}),
        ({**SAYS, "files": [{}, {}]}, 422, {"/files"}),
        ({**SAYS, "files": [{"sha256": "0" * 64}]}, 422, {"/files/0/sha256"}),
        ({**SAYS, "files": [{"sha256": "0"}]}, 422, {"/files/0/sha256"}),
        ({**SAYS, "files": [{"role": "best"}]}, 422, {"/files/0/role"}),
        ({**SAYS, "files": [{"source_url": "javascript:1"}]}, 422, {"/files/0/source_url"}),
        ([], 400, {""}),
        ({**SAYS, "note": "\x00"}, 400, {"/note"}),
        ({**SAYS, "measures": {"a": "\ud800"}}, 400, {"/measures/a"}),
        ({**SAYS, "measures": []}, 422, {"/measures"}),
    ],
)
def test_what_a_revision_may_not_say(as_: As, says: Any, status: int, places: set[str]) -> None:
    response = add(as_("olga"), says)

    assert response.status_code == status, response.content
    assert pointers(response) == places
    assert not Revision.objects.exists()


def test_the_same_bytes_twice_are_refused(as_: As) -> None:
    assert pointers(add(as_("olga"), SAYS, file(), file(name="again.txt"))) == {"/files"}


def test_a_later_revision_corrects_an_earlier_one_by_its_number(as_: As) -> None:
    add(as_("olga"))

    assert add(as_("olga"), {**SAYS, "corrects": 1}).json()["corrects"] == 1


def test_N24_reading_back_gives_the_bytes_as_a_download(as_: As) -> None:
    content = bytes(range(256)) * 40
    made = add(as_("olga"), SAYS, file(content, '夜"間.html')).json()

    response = as_("ken").get(made["files"][0]["href"])

    assert b"".join(response.streaming_content) == content
    assert response.headers["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert response.headers["Repr-Digest"].startswith("sha-256=:")
    assert response.headers["Content-Disposition"].startswith("attachment; ")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Length"] == "10240"


@pytest.mark.parametrize(
    ("asked", "status", "got"),
    [
        ("bytes=0-3", 206, b"0123"),
        ("bytes=4-", 206, b"456789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=8-99", 206, b"89"),
        ("bytes=-99", 206, b"0123456789"),
        ("bytes=10-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=5-2", 200, b"0123456789"),
        ("bytes=0-1,3-4", 200, b"0123456789"),
        ("bytes=-", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
        ("bytes=" + "9" * 50 + "-", 200, b"0123456789"),
    ],
)
def test_ranges(as_: As, asked: str, status: int, got: bytes | None) -> None:
    made = add(as_("olga"), SAYS, file(b"0123456789")).json()

    response = as_("olga").get(made["files"][0]["href"], Range=asked)

    assert response.status_code == status
    if got is not None:
        assert b"".join(response.streaming_content) == got
        assert response.headers["Content-Length"] == str(len(got))
    else:
        assert response.headers["Content-Range"] == "bytes */10"


def test_a_range_of_other_bytes_is_the_whole(as_: As) -> None:
    made = add(as_("olga"), SAYS, file(b"0123456789")).json()

    response = as_("olga").get(made["files"][0]["href"], Range="bytes=0-1", If_Range='"other"')

    assert response.status_code == 200
    assert b"".join(response.streaming_content) == b"0123456789"


def test_bytes_at_hand_are_not_sent_again(as_: As) -> None:
    made = add(as_("olga")).json()["files"][0]

    response = as_("olga").get(made["href"], If_None_Match=f'"{made["sha256"]}"')

    assert response.status_code == 304
    assert response.content == b""


def test_a_file_belongs_to_its_revision(as_: As, cast: Cast) -> None:
    mine = add(as_("olga")).json()
    other = revision(cast.night_drills, cast.olga, content=b"of another revision")
    sha256 = other.files.get().file.sha256

    assert as_("olga").get(f"revisions/{mine['id']}/files/{sha256}").status_code == 404
    assert as_("olga").get(f"revisions/{mine['id']}/files/{sha256.upper()}").status_code == 404


def test_confidential_files_are_shown_to_others_by_their_hash(as_: As) -> None:
    says = {**SAYS, "confidentiality": "confidential", "confidential_reason": "個人情報", "note": "山田"}
    made = add(as_("olga"), says).json()
    as_("olga").post(f"revisions/{made['id']}/submit", If_Match=made["etag"])

    seen = as_("rin").get(f"revisions/{made['id']}").json()

    assert seen["note"] == ""
    assert seen["files"][0]["name"] is None
    assert seen["files"][0]["sha256"] == made["files"][0]["sha256"]
    refused = as_("rin").get(made["files"][0]["href"])
    assert refused.status_code == 403
    assert refused.json()["detail"] == "個人情報"
    assert b"".join(as_("ken").get(made["files"][0]["href"]).streaming_content) == b"held"


def test_a_draft_is_its_departments(as_: As) -> None:
    made = add(as_("olga")).json()

    assert as_("ken").get(f"revisions/{made['id']}").status_code == 200
    assert as_("rin").get(f"revisions/{made['id']}").status_code == 404
    assert as_("bo").get(f"revisions/{made['id']}").status_code == 404
    assert as_("rin").get("artefacts/night-drills").json()["revisions"] == []


def test_refused_files_leave_nothing_in_the_store(as_: As) -> None:
    before = set(object_store().digests())

    assert add(as_("olga"), {**SAYS, "verdict": "maybe"}, file(b"never kept")).status_code == 422

    assert set(object_store().digests()) == before
    assert not StoredFile.objects.exists()


# Bodies written by hand: what careless and hostile senders do.

BOUNDARY = "x---x"
OK_PART = b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nheld\r\n'
SAYS_PART = b'Content-Disposition: form-data; name="proves_until"\r\n\r\n2026-11-19T17:00:00Z\r\n'


def form(*parts: bytes, end: bytes = b"--x---x--\r\n") -> bytes:
    return b"".join(b"--x---x\r\n" + part for part in parts) + end


def send(api: Api, body: bytes, content_type: str = f"multipart/form-data; boundary={BOUNDARY}", **headers: str) -> Any:
    return api.send("POST", PATH, body, content_type=content_type, headers=headers)


def test_a_form_written_by_hand_is_taken(as_: As) -> None:
    assert send(as_("olga"), form(OK_PART, SAYS_PART)).status_code == 201


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (form(OK_PART, SAYS_PART, end=b""), 400),
        (form(OK_PART, SAYS_PART)[:-20], 400),
        (form(OK_PART, SAYS_PART, end=b"--x---x-"), 400),
        (form(SAYS_PART), 400),
        (form(OK_PART.replace(b"a.txt", b".."), SAYS_PART), 422),
        (form(OK_PART.replace(b"a.txt", b"."), SAYS_PART), 422),
        (form(OK_PART.replace(b"a.txt", b""), SAYS_PART), 422),
        (form(OK_PART.replace(b"a.txt", b"\xff\xfe"), SAYS_PART), 400),
        (form(OK_PART.replace(b"a.txt", b"a" * 256), SAYS_PART), 422),
        (form(OK_PART, OK_PART.replace(b"a.txt", b"/").replace(b"held", b"lost"), SAYS_PART), 422),
        (form(OK_PART.replace(b"held", b""), SAYS_PART), 400),
        (form(OK_PART.replace(b'name="file"', b'name="other"'), SAYS_PART), 400),
        (form(OK_PART.replace(b"form-data", b"attachment"), SAYS_PART), 400),
        (form(OK_PART.replace(b"Content-Disposition", b"X"), SAYS_PART), 400),
        (form(OK_PART.replace(b"Content-Type", b"Content-Transfer-Encoding: base64\r\nX"), SAYS_PART), 400),
        (form(OK_PART, SAYS_PART.replace(b"2026", b"\xff")), 400),
        (form(OK_PART, SAYS_PART.replace(b"2026", b"\x00")), 400),
        (form(OK_PART, SAYS_PART, SAYS_PART), 422),
        (form(OK_PART, SAYS_PART, b'Content-Disposition: form-data; name="revision"\r\n\r\n{}\r\n'), 422),
        (form(*[SAYS_PART] * 101), 413),
        (form(b"X: " + b"y" * 9000 + b"\r\n" + OK_PART), 400),
        (b"preamble\r\n" + form(OK_PART, SAYS_PART), 400),
        (b"", 400),
        (b"--x---x--\r\n", 400),
        (b"--x---xy\r\n" + OK_PART + b"--x---x--", 400),
        (b"\x00" * 100_000, 400),
    ],
)
def test_N20_a_body_that_is_not_whole_is_refused_and_nothing_is_kept(as_: As, body: bytes, status: int) -> None:
    response = send(as_("olga"), body)

    assert response.status_code == status, response.content
    assert not Revision.objects.exists()
    assert not StoredFile.objects.exists()


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=", 400),
        ("multipart/form-data; boundary=" + "x" * 90, 400),
        ("multipart/form-data; boundary=\u3042".encode().decode("latin-1"), 400),
        ("multipart/form-data; boundary*=utf-8'y'", 400),
        ("application/json", 415),
        ("text/plain", 415),
        ("a/b;" + "c=d;" * 200, 415),
        ("/", 415),
    ],
)
def test_content_types(as_: As, content_type: str, status: int) -> None:
    assert send(as_("olga"), form(OK_PART, SAYS_PART), content_type).status_code == status


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\x.txt", "x.txt"),
        ("\u202etxt.bin", "txt.bin"),
        ("絵文字🗻.txt", "絵文字🗻.txt"),
        ("あ" * 255, "あ" * 255),
    ],
)
def test_N22_names_are_data(as_: As, name: str, kept: str) -> None:
    body = form(OK_PART.replace(b"a.txt", name.encode().replace(b"\\", b"\\\\")), SAYS_PART)

    assert send(as_("olga"), body).json()["files"][0]["name"] == kept


def test_N19_more_than_the_limit_is_not_read(as_: As, settings: Any) -> None:
    settings.UPLOAD_LIMIT = 300_000
    large = io.BytesIO(b"x" * 300_001)
    large.name = "large.bin"

    response = as_("olga").upload(PATH, {"file": large, "proves_until": "2026-11-19T17:00:00Z"})

    assert response.status_code == 413
    assert slug(response) == "too-large"
    assert not StoredFile.objects.exists()


def test_N19_all_files_together_keep_to_the_limit(as_: As, settings: Any) -> None:
    settings.UPLOAD_LIMIT = 300_000
    some = [SimpleUploadedFile(f"{n}.bin", bytes([n]) * 150_001) for n in range(2)]

    assert as_("olga").upload(PATH, {"file": some}).status_code == 413


def test_N19_a_body_in_chunks_is_asked_for_its_length(as_: As) -> None:
    response = as_("olga").client.post(
        f"/api/v1/{PATH}",
        b"",
        content_type="application/json",
        headers={"Authorization": f"Bearer {as_('olga').secret}", "Transfer-Encoding": "chunked"},
        CONTENT_LENGTH="",
    )

    assert response.status_code == 411
