"""Misuses of the API that belong to no single address. What each answers is in docs/api.md."""

from __future__ import annotations

import io
import json
import socket
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from dcase_audit.log_format import LineFormatter
from drills.models import RefusedUpload
from evidence import services
from evidence.api.uploads import FormParser
from evidence.idempotency import MADE
from evidence.models import Revision, StoredFile
from tests.api.client import Api, pointers, slug
from tests.api.conftest import As
from tests.api.matrix import API_ROWS, COLUMNS, Row, make_stage
from tests.cast import NOW, Cast, make_cast
from tests.drills.samples import native
from tests.evidence import sample_files
from tests.server import sequencing
from tests.timing import slowness

REVISIONS = "artefacts/night-drills/revisions"
RESULTS = "drills/night-failover/results"
WITHIN = 1.0  # second


def logged(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return what the security log was told."""
    lines = [record.getMessage() for record in caplog.records if record.name == "dcase_audit.security"]
    return [json.loads(line.removeprefix("refused ")) for line in lines]


@pytest.mark.parametrize("spoilt", ["unknown", "revoked"])
def test_N3_no_token_is_in_an_answer_or_in_the_log(
    as_: As, cast: Cast, caplog: pytest.LogCaptureFixture, spoilt: str
) -> None:
    secret = "dca_" + "x" * 43 if spoilt == "unknown" else cast.secrets["olga"]
    if spoilt == "revoked":
        cast.olga.is_active = False
        cast.olga.save()

    response = Api(secret).get("me")

    assert response.status_code == 401
    assert secret not in response.content.decode()
    assert secret not in caplog.text
    assert logged(caplog)[0]["problem"] == "unauthenticated"
    with sequencing(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM trail.outbox o WHERE o::text LIKE %s", [f"%{secret}%"])
        assert cursor.fetchone() == (0,)


def test_N5_what_a_token_may_not_do_is_logged_with_its_prefix(
    as_: As, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    assert as_("robot").post("artefacts/night-drills/holds", {"reason": "x"}).status_code == 403

    (line,) = logged(caplog)
    assert (line["problem"], line["token"]) == ("missing-scope", cast.secrets["robot"][:12])


# Auditors order reports, and sign under a record as its independent verifier; a batch is answered line by line.
OWN_WORD = {"api/v1/reports", "api/v1/drill-results/<id:pk>/sign-offs"}
WRITES = [
    row
    for row in API_ROWS
    if row.method != "GET" and row.route != "api/v1/drill-results" and row.expected[COLUMNS.index("rin")] not in MADE
]


def test_what_auditors_write_is_their_own_word() -> None:
    assert {row.route for row in API_ROWS if row.expected[COLUMNS.index("rin")] in MADE} == OWN_WORD


def test_N7_each_line_of_an_auditors_batch_is_refused(cast: Cast) -> None:
    make_stage(cast)
    before = rows()
    line = {"drill": "night-failover", "key": "k", "file": json.dumps(native())}

    response = Api(cast.secrets["rin"]).send(
        "POST", "drill-results", json.dumps(line), content_type="application/x-ndjson"
    )

    assert json.loads(response.content)["status"] in {403, 404}
    assert rows() == before


@pytest.mark.parametrize("row", WRITES, ids=lambda row: f"{row.method} {row.route}")
def test_N7_an_auditor_changes_nothing(row: Row, cast: Cast) -> None:
    stage = make_stage(cast)
    before = rows()

    response = row.send(Api(cast.secrets["rin"]), stage)

    # What is let in by a signature knows no token.
    assert response.status_code == 401 if "webhooks" in row.route else response.status_code in {403, 404}
    assert rows() == before


def rows() -> int:
    """Return how many changes of rows and events were recorded."""
    with sequencing(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM trail.outbox")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("member", ["approved", "owner", "department", "sha256", "created_at", "status", "id"])
def test_N8_members_that_are_ours_to_say_are_refused(as_: As, member: str) -> None:
    """As 422, like every member that nobody asked for: the JSON was well formed."""
    says = {"proves_until": "2026-11-19T17:00:00Z", member: "x"}

    response = as_("olga").upload(REVISIONS, {"file": a_file(), "revision": json.dumps(says)})

    assert (response.status_code, pointers(response)) == (422, {f"/{member}"})
    assert not Revision.objects.exists()


def a_file(content: bytes = b"held", name: str = "a.txt") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "text/plain")


FORM = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nheld\r\n'
    b'--b\r\nContent-Disposition: form-data; name="proves_until"\r\n\r\n2026-11-19T17:00:00Z\r\n--b--\r\n'
)
RESULT = json.dumps(native()).encode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("path", "difference", "status"),
    [
        (REVISIONS, -60, 400),
        # A form says itself where it ends: its last byte says nothing, and nothing is lost that was announced beyond.
        (REVISIONS, -1, 201),
        (REVISIONS, 10_000, 201),
        (RESULTS, -1, 400),
        (RESULTS, 1, 400),
        (RESULTS, 10_000, 400),
    ],
)
def test_N19_a_length_that_is_not_true_loses_nothing_in_silence(
    live_server: LiveServer, the_clock: object, path: str, difference: int, status: int
) -> None:
    body, media_type = (FORM, "multipart/form-data; boundary=b") if path == REVISIONS else (RESULT, "application/json")
    head = [
        f"POST /api/v1/{path} HTTP/1.1",
        f"Host: {live_server.url.removeprefix('http://')}",
        f"Authorization: Bearer {make_cast().secrets['olga']}",
        "Idempotency-Key: k",
        f"Content-Type: {media_type}",
        f"Content-Length: {len(body) + difference}",
        "Connection: close",
    ]

    with socket.create_connection(("127.0.0.1", int(live_server.url.rpartition(":")[2])), timeout=30) as wire:
        wire.sendall("\r\n".join([*head, "", ""]).encode() + body)
        wire.shutdown(socket.SHUT_WR)
        answer = wire.makefile("rb").readline()

    assert int(answer.split()[1]) == status
    assert Revision.objects.exists() == StoredFile.objects.exists() == (status == 201)


class Endless:
    """A body that is made as it is read: a form with one file of ``size`` bytes."""

    def __init__(self, size: int) -> None:
        self.chunks = self._chunks(size)
        self.left = b""

    def _chunks(self, size: int) -> Iterator[bytes]:
        yield FORM.partition(b"held")[0]
        yield from (b"x" * 65536 for _ in range(size // 65536))
        yield b"\r\n--b--\r\n"

    def read(self, size: int) -> bytes:
        while len(self.left) < size and (more := next(self.chunks, b"")):
            self.left += more
        found, self.left = self.left[:size], self.left[size:]
        return found


def test_N19_receiving_takes_the_same_memory_however_large_the_file() -> None:
    peaks = []
    for megabytes in (4, 80):
        tracemalloc.start()
        request: Any = type("Request", (), {"_request": type("Inner", (), {})()})()
        parsed = FormParser().parse(
            Endless(megabytes * 1024 * 1024),  # type: ignore[arg-type]
            "multipart/form-data; boundary=b",
            {"request": request},
        )
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        (upload,) = parsed.files.getlist("file")
        assert upload.size == megabytes * 1024 * 1024
        upload.close()

    assert peaks[1] < peaks[0] + 256 * 1024
    assert peaks[1] < 4 * 1024 * 1024


def test_N21_bytes_that_are_not_those_declared_are_not_kept(as_: As) -> None:
    says = {"proves_until": "2026-11-19T17:00:00Z", "files": [{"sha256": "0" * 64}]}
    received = "1acd1f6afe6d64f4ec04d8bb5b2f6c4e0bd9e0a1a9b9d2a2be5f1d6d0a5c6e0f"

    revision = as_("olga").upload(REVISIONS, {"file": a_file(), "revision": json.dumps(says)})
    result = as_("robot").send(
        "POST", RESULTS, json.dumps(native()), query={"sha256": "0" * 64}, headers={"Idempotency-Key": "k"}
    )

    assert (revision.status_code, pointers(revision)) == (422, {"/files/0/sha256"})
    assert (result.status_code, slug(result)) == (422, "digest-differs")
    assert not StoredFile.objects.exists()
    refused = RefusedUpload.objects.get()
    assert refused.sha256 not in {"", "0" * 64, received}
    assert refused.sha256 in refused.detail


ACTIVE = {
    "page.html": b"<!DOCTYPE html><script>alert(1)</script>",
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "page.xhtml": b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>',
    "style.xml": b'<?xml version="1.0"?><?xml-stylesheet href="x.xsl"?><a/>',
    "script.js": b"alert(document.cookie)",
}


@pytest.mark.parametrize("name", ACTIVE)
def test_N24_what_a_browser_could_run_is_only_ever_downloaded(as_: As, name: str) -> None:
    fields = {"file": a_file(ACTIVE[name], name), "proves_until": "2026-11-19T17:00:00Z"}
    made = as_("olga").upload(REVISIONS, fields).json()

    response = as_("olga").get(made["files"][0]["href"], Accept="text/html")

    assert b"".join(response.streaming_content) == ACTIVE[name]
    assert response.headers["Content-Type"] in {"application/octet-stream", "text/plain"}
    assert response.headers["Content-Disposition"].startswith("attachment; ")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


CONTENT = [
    (sample_files.HTML, "a.pdf", 415, "contradictory-file"),
    (sample_files.archive(("zeros", bytes(80 * 1024 * 1024))), "a.zip", 413, "archive-too-large"),
    (sample_files.archive(("../a", b"x")), "a.zip", 422, "unsafe-archive"),
    (sample_files.archive(("word/vbaProject.bin", b"x")), "a.docm", 422, "macros"),
    (sample_files.png(50_000, 50_000), "a.png", 422, "image-too-large"),
]


@pytest.mark.parametrize(("content", "name", "status", "problem"), CONTENT, ids=[each[3] for each in CONTENT])
def test_N23_N26_N27_what_no_reviewer_should_open_is_not_kept(
    as_: As, content: bytes, name: str, status: int, problem: str
) -> None:
    file = SimpleUploadedFile(name, content, "application/octet-stream")

    response = as_("olga").upload(REVISIONS, {"file": [a_file(), file], "proves_until": "2026-11-19T17:00:00Z"})

    assert (response.status_code, slug(response), pointers(response)) == (status, problem, {"/file"})
    assert not Revision.objects.exists()
    assert not StoredFile.objects.exists()


def test_N25_what_a_pdf_does_is_shown_to_whoever_reads_the_revision(as_: As) -> None:
    files = [
        SimpleUploadedFile("a.pdf", sample_files.document(sample_files.named), "application/pdf"),
        SimpleUploadedFile("b.pdf", sample_files.document(), "application/pdf"),
    ]

    made = as_("olga").upload(REVISIONS, {"file": files, "proves_until": "2026-11-19T17:00:00Z"}).json()

    shown = as_("ken").get(f"revisions/{made['id']}").json()["files"]
    assert [file["flags"] for file in shown] == [["pdf_javascript"], []]
    assert [file["flags"] for file in made["files"]] == [["pdf_javascript"], []]


BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"\n".join(
    b"%c: &%c [%s]" % (n, n, b",".join([b"*%c" % (n - 1)] * 9)) for n in range(98, 106)
)
YAML = [b"!!python/object/apply:os.system ['id']", BOMB, b"a: 1"]


@pytest.mark.parametrize("body", YAML, ids=["object", "aliases", "plain"])
@pytest.mark.parametrize(
    ("content_type", "status"), [("application/yaml", 415), ("text/yaml", 415), ("application/json", 400)]
)
def test_N31_nothing_reads_yaml(as_: As, body: bytes, content_type: str, status: int) -> None:
    answers = [
        as_("olga").send("POST", path, body, content_type=content_type, headers={"Idempotency-Key": "k"})
        for path in ("artefacts", RESULTS)
    ]

    assert [response.status_code for response in answers] == [status, status]
    assert not StoredFile.objects.exists()


FORGED = '\r\n{"level": "INFO"} \x1b[31m\u2028\u202ex'


def test_N42_no_text_of_a_request_makes_a_line_of_the_log(
    as_: As, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    agent = {"User-Agent": FORGED, "X-Request-Id": FORGED, "X-Forwarded-For": FORGED}
    as_("olga").send("GET", "artefacts/a%0D%0A%1B%5B31m%E2%80%A8b", headers=agent)
    as_("olga").get("artefacts", {"q\r\nx": FORGED}, **agent)
    as_("olga").post("artefacts", {"key": FORGED, FORGED: 1}, **agent)
    as_("olga").upload(REVISIONS, {"file": a_file(b"", FORGED.replace("/", ""))}, **agent)

    lines = [LineFormatter().format(record) for record in caplog.records]

    assert [logger for logger in (record.name for record in caplog.records) if "security" in logger] == [
        "dcase_audit.security"
    ] * 3
    for line in lines:
        assert line.isascii()
        assert line.isprintable()
        assert json.loads(line)["level"] == "WARNING"


LISTS = ("artefacts", "drills", "holds", "due", "cases/recurrence/changes", "trail/entries")
INJECTED = [
    {"q": "' OR 1=1 --"},
    {"q": "%' UNION SELECT password FROM accounts_user --"},
    {"ordering": "owner__password"},
    {"order_by": "pg_sleep(5)"},
    {"_connector": "OR 1=1 OR"},
    {"_negated": "1"},
    {"owner__password__startswith": "a"},
    {"custodian__memberships__user__api_tokens__sha256__gt": "0"},
    {"measures__a' OR '1": "1"},
    {"case": "recurrence' OR '1'='1"},
    {"status": "missing') OR 1=1 --"},
    {"cursor": "' OR 1=1 --"},
    {"limit": "1; DROP TABLE evidence_artefact"},
    {"since": "now() - interval '1 year'"},
]


@pytest.mark.parametrize("query", INJECTED, ids=lambda query: next(iter(query)))
@pytest.mark.parametrize("path", LISTS)
def test_N43_no_query_reaches_the_database_as_anything_but_a_value(as_: As, path: str, query: dict[str, str]) -> None:
    response = as_("otto").get(path, query)

    assert response.status_code in {200, 400, 404}
    if response.status_code == 200:
        # Text that is looked for, or a name that is none.
        assert set(query) <= {"q", "case"}
        assert response.json()["items"] == []


COSTLY = [
    {"q": "x" * 1_000_000},
    {"q": "(a+)+$" * 30},
    {"q": "%" * 200},
    {"page": "1000000000"},
    {"limit": "1000000"},
    {"page_size": "1000000"},
    {"offset": "999999999999"},
    {"cursor": "A" * 4_001},
    {f"f{number}": "1" for number in range(900)},
    {f"f{number}": "1" for number in range(10_000)},
]


@pytest.mark.parametrize("query", COSTLY, ids=lambda query: f"{next(iter(query))}-{len(query)}")
def test_N49_no_query_costs_more_than_a_moment(as_: As, query: dict[str, str]) -> None:
    olga = as_("olga")
    olga.get("artefacts")
    begun = time.perf_counter()

    response = olga.get("artefacts", query)

    assert time.perf_counter() - begun < WITHIN * slowness()
    assert response.status_code == 400 or response.json()["items"] == []


def test_N55_what_is_handed_in_late_is_as_old_as_it_says_and_received_now(as_: As, cast: Cast) -> None:
    says = {"proves_from": "2025-11-19T16:00:00Z", "proves_until": "2025-11-19T17:00:00Z", "covers": ["night"]}

    made = as_("olga").upload(REVISIONS, {"file": a_file(), "revision": json.dumps(says)}).json()
    as_("olga").post(f"revisions/{made['id']}/submit", If_Match=made["etag"])
    services.accept(revision=Revision.objects.get(), actor=cast.ken, at=NOW)

    shown = as_("ken").get(f"revisions/{made['id']}").json()
    assert shown["proves_until"] == "2025-11-19T17:00:00+00:00"
    assert {shown["created_at"], shown["decisions"][0]["at"]} == {NOW.isoformat()}
    # A year is more than the leaf takes: it never stood by it.
    assert as_("ken").get("artefacts/night-drills").json()["status"] == "missing"


def test_N55_no_sender_says_when_we_received_something(as_: As) -> None:
    for member in ("created_at", "received_at", "submitted_at", "recorded_at"):
        says = {"proves_until": "2026-11-19T17:00:00Z", member: "2025-11-20T00:00:00Z"}
        assert pointers(as_("olga").upload(REVISIONS, {"file": a_file(), "revision": json.dumps(says)})) == {
            f"/{member}"
        }


@pytest.mark.parametrize(
    ("owner", "status"), [("olga", 404), ("bo", 404)], ids=["a goal of another case", "evidence of another department"]
)
def test_N57_evidence_is_tied_to_nothing_that_its_keeper_does_not_see(as_: As, owner: str, status: int) -> None:
    link = {"case": "other", "node": "G_1"} if owner == "olga" else {"case": "recurrence", "node": "E_1"}

    assert as_(owner).post("artefacts/night-drills/supports", link).status_code == status


def test_N50_a_file_is_sent_as_a_form_and_as_nothing_else(as_: As, settings: Settings) -> None:
    for content_type in ("application/octet-stream", "application/pdf", "multipart/mixed; boundary=b", ""):
        response = as_("olga").send("POST", REVISIONS, io.BytesIO(FORM).read(), content_type=content_type)
        assert (response.status_code, slug(response)) == (415, "unsupported-type")
