from __future__ import annotations

import hashlib
import http.client
import json
import random
import threading
import time
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django.live_server_helper import LiveServer

from dcase_audit.cases.models import Case
from drills.models import DrillResult, RefusedUpload
from evidence.models import IdempotencyRecord, StoredFile
from tests.api.client import Api, pointers, slug
from tests.api.conftest import As
from tests.cast import Cast, make_cast
from tests.drills import foreign, signing
from tests.drills.samples import WHOLE
from tests.drills.samples import native as bare

pytestmark = pytest.mark.usefixtures("sound")

ON_TIME = [{"measure": "switch_over_confirmed", "value": "PT9M"}]
PATH = "drills/night-failover/results"


def native(**changes: Any) -> dict[str, Any]:
    """Return a result that passes, with some members changed."""
    return bare(**{"measures": ON_TIME} | changes)


def upload(api: Api, body: Any = None, key: str = "k-1", **query: str) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(native() if body is None else body).encode()
    return api.send("POST", PATH, data, query=query, headers={"Idempotency-Key": key})


def test_plans_are_listed_with_their_next_occurrence(as_: As) -> None:
    drills = as_("olga").get("drills").json()["items"]

    assert [drill["key"] for drill in drills] == ["night-failover"]
    assert drills[0]["next"]["planned_at"] == "2026-12-19T16:00:00+00:00"
    occurrences = as_("rin").get("drills/night-failover").json()["occurrences"]
    assert occurrences[-1]["planned_at"] == "2026-11-19T16:00:00+00:00"
    assert as_("bo").get("drills/night-failover").status_code == 404


def test_a_plan_says_what_its_keys_are_called(as_: As, cast: Cast) -> None:
    measure = {"ja": "切替わりの確認までの時間", "en": "time to confirm the switch-over"}
    labels = {"night": {"ja": "夜間"}, "switch_over_confirmed": measure, "elsewhere": {"en": "not of this drill"}}
    Case.objects.filter(pk=cast.case.pk).update(labels=labels)

    shown = as_("olga").get("drills/night-failover").json()

    assert shown["covers"] == ["night"]
    assert shown["labels"] == {"night": {"ja": "夜間"}, "switch_over_confirmed": measure}


def test_a_machine_uploads_a_result_and_gets_a_receipt(as_: As) -> None:
    body = json.dumps(native()).encode()

    response = upload(as_("robot"), body)

    assert response.status_code == 201
    receipt = response.json()
    assert receipt["verdict"] == "passed"
    assert receipt["sha256"] == hashlib.sha256(body).hexdigest()
    assert receipt["occurrence"]["planned_at"] == "2026-11-19T16:00:00+00:00"
    assert as_("ken").get("drills/night-failover").json()["occurrences"][-1]["state"] == "held"
    assert response.headers["Location"] == receipt["href"]
    assert as_("ken").get(receipt["evidence"]["href"]).json()["state"] == "submitted"
    shown = as_("ken").get(receipt["href"]).json()
    assert shown["received_from"] == "robot"
    assert shown["received_through"].startswith("token:dca_")
    assert b"".join(as_("ken").get(shown["raw"]).streaming_content) == body


def test_a_result_may_come_as_a_form(as_: As, cast: Cast) -> None:
    body = json.dumps(native()).encode()
    occurrence = cast.drill.occurrences.order_by("planned_at").first()
    assert occurrence is not None
    fields = {
        "file": SimpleUploadedFile("結果.json", body, "application/json"),
        "format": "native",
        "sha256": hashlib.sha256(body).hexdigest().upper(),
        "occurrence": str(occurrence.pk),
    }

    response = as_("robot").upload(PATH, fields, Idempotency_Key="k")

    assert response.status_code == 201
    assert response.json()["occurrence"]["id"] == occurrence.pk


@pytest.mark.parametrize(
    ("format", "media_type", "data"),
    [
        ("native", "application/json", json.dumps(native()).encode()),
        ("chaostoolkit", "application/json", foreign.as_json(foreign.journal())),
        ("ctrf", "application/json", foreign.as_json(foreign.ctrf())),
        ("junit", "application/xml", foreign.junit()),
        ("junit", "text/xml; charset=utf-8", foreign.junit()),
    ],
)
@pytest.mark.parametrize("as_form", [False, True])
def test_every_format_is_taken_as_a_body_and_as_a_form(
    as_: As, format: str, media_type: str, data: bytes, as_form: bool
) -> None:
    if as_form:
        file = SimpleUploadedFile("r", data, media_type)
        response = as_("robot").upload(PATH, {"file": file, "format": format}, Idempotency_Key="k")
    else:
        query = {} if format in {"native", "junit"} else {"format": format}
        headers = {"Idempotency-Key": "k"}
        response = as_("robot").send("POST", PATH, data, query=query, content_type=media_type, headers=headers)

    assert response.status_code == 201, response.content
    shown = as_("ken").get(response.json()["href"]).json()
    # The plan wants a measure that only the native result has.
    assert (shown["format"], shown["verdict"]) == (format, "passed" if format == "native" else "inconclusive")
    assert b"".join(as_("ken").get(shown["raw"]).streaming_content) == data


def test_a_file_of_another_tool_sent_again_is_answered_again(as_: As) -> None:
    def send() -> Any:
        headers = {"Idempotency-Key": "k"}
        return as_("robot").send("POST", PATH, foreign.junit(), content_type="application/xml", headers=headers)

    first, again = send(), send()

    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert DrillResult.objects.count() == 1


def test_a_file_without_a_zone_counts_with_the_times_that_its_sender_states(as_: As) -> None:
    data = foreign.junit(timestamp="2026-11-20T01:00:00")
    stated = {"started_at": "2026-11-20T01:00:00+09:00", "ended_at": "2026-11-20T01:10:00+09:00", "format": "junit"}

    unknown = as_("ken").get(upload(as_("robot"), data, format="junit").json()["href"]).json()
    known = as_("ken").get(upload(as_("robot"), data, key="k-2", **stated).json()["href"]).json()

    assert (unknown["started_at"], unknown["ended_at"], unknown["verdict"]) == (None, None, "inconclusive")
    assert {"reason": "time_unknown"} in unknown["because"]
    assert known["started_at"] == "2026-11-19T16:00:00+00:00"
    assert {"reason": "time_unknown"} not in known["because"]
    assert [doubt["code"] for doubt in known["doubts"]] == ["no_zone", "times_stated"]
    assert known["occurrence"]["planned_at"] == "2026-11-19T16:00:00+00:00"


def test_what_a_reader_saw_is_shown_with_its_place(as_: As) -> None:
    response = upload(as_("robot"), foreign.junit(tests="6"), format="junit")

    shown = as_("ken").get(response.json()["href"]).json()

    assert shown["producer"] == "pytest"
    assert shown["doubts"] == [
        {
            "code": "counts_differ",
            "detail": "The suite says 6 tests; its cases are 1.",
            "place": "/testsuites/testsuite[1]/@tests",
            "weight": "withholds",
        }
    ]


def test_a_signed_result_says_whose_key_signed_it(as_: As, cast: Cast) -> None:
    key = signing.registered(cast.it_service)
    data = foreign.as_json(signing.envelope())

    response = upload(as_("robot"), data, format="in-toto")

    shown = as_("ken").get(response.json()["href"]).json()
    assert (shown["signature"], shown["verdict"]) == ("verified", "inconclusive")
    assert shown["signer"] == {
        "key": "lab",
        "holder": "the lab",
        "party": "it-service",
        "fingerprint": key.fingerprint,
        "revoked_at": None,
    }


def test_N56_what_no_registered_key_signed_is_refused_and_listed(as_: As) -> None:
    response = upload(as_("robot"), foreign.as_json(signing.envelope()), format="in-toto")

    assert (response.status_code, slug(response), pointers(response)) == (422, "signature-refused", {"/signatures"})
    assert RefusedUpload.objects.get().problem == "signature-refused"
    assert not DrillResult.objects.exists()
    assert not StoredFile.objects.exists()


def test_the_formats_are_published_with_the_schema_of_ours(as_: As) -> None:
    formats = {each["format"]: each for each in as_("robot").get("drill-formats").json()["items"]}
    schema = as_("robot").get(formats["native"]["schema"]).json()

    assert set(formats) == set(DrillResult.Format.values)
    assert formats["junit"] == {"format": "junit", "most_bytes": 2 * 1024 * 1024, "schema": None}
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.validate(native(), schema)
    jsonschema.validate(WHOLE, schema)


def test_a_whole_record_says_how_the_drill_was_held(as_: As) -> None:
    made = upload(as_("robot"), WHOLE).json()

    shown = as_("ken").get(f"drill-results/{made['id']}").json()

    assert (shown["verdict"], shown["kind"]) == ("passed", "full-scale")
    assert shown["record"]["document"] == WHOLE
    assert shown["measures"] == WHOLE["measures"]


def test_a_live_incident_counts_and_holds_no_planned_drill_by_itself(as_: As, cast: Cast) -> None:
    live = {**WHOLE, "kind": "live-incident"}
    planned = cast.drill.occurrences.order_by("planned_at").first()
    assert planned is not None

    by_itself = upload(as_("robot"), live).json()
    planned.refresh_from_db()

    assert (by_itself["verdict"], by_itself["occurrence"]) == ("passed", None)
    assert [one["code"] for one in by_itself["warnings"]] == ["live_incident"]
    assert planned.state == "planned"
    for_it = (
        as_("robot")
        .post(f"drills/night-failover/results?occurrence={planned.pk}", {**live, "note": "x"}, Idempotency_Key="k2")
        .json()
    )
    planned.refresh_from_db()
    assert for_it["occurrence"]["id"] == planned.pk
    assert planned.state == "held"


def test_a_failed_drill_refutes_its_leaf_and_says_why(as_: As) -> None:
    upload(as_("robot"), native(check_items=[{"text": "切替わった", "result": "fail"}]))

    nodes = {node["key"]: node for node in as_("bo").get("cases/recurrence/status").json()["nodes"]}

    assert nodes["E_1"]["status"] == nodes["G_1"]["status"] == "refuted"
    assert nodes["E_1"]["because"][0]["artefact"] == "night-drills"


@pytest.mark.parametrize(
    ("body", "query", "status", "places"),
    [
        (native(verdict="fine"), {}, 422, {"/verdict"}),
        (native(ended_at="2026-11-20T02:10:00"), {}, 422, {"/ended_at"}),
        (native(check_items=[{"text": "x", "result": "ok"}]), {}, 422, {"/check_items/0/result"}),
        ({**native(), "approved": True}, {}, 422, {"/approved"}),
        (native(started_at="2031-11-20T01:00:00+09:00"), {}, 422, {"/started_at"}),
        (b"{", {}, 400, set()),
        (b"[]", {}, 400, {""}),
        (b"", {}, 400, set()),
        (b'{"schema": "\\ud800"}', {}, 400, {"/schema"}),
        (b'{"a": 1, "a": 2}', {}, 400, {"/a"}),
        (b'{"a\\u0000": 1, "a\\u0000": 2}', {}, 400, {"/a?"}),
        (b"[" * 100_000, {}, 400, set()),
        (b'{"a": ' + b"9" * 5000 + b"}", {}, 400, {"/a"}),
        (b'{"a": NaN}', {}, 400, {"/a"}),
        (b"\xff\xfe", {}, 400, set()),
        (b" " * 1_100_000, {}, 413, set()),
        ({**WHOLE, "verifier": {"party": "x"}}, {}, 422, {"/verifier/independence"}),
        (
            {**WHOLE, "timeline": [{"event": "x", "planned_at": "9999-12-31T23:59:59Z"}]},
            {},
            422,
            {"/timeline/0/planned_at"},
        ),
        (native(), {"sha256": "0" * 64}, 422, {"/sha256"}),
        (native(), {"sha256": "0"}, 422, {"/sha256"}),
        (native(), {"occurrence": "0"}, 404, {"/occurrence"}),
        (native(), {"occurrence": "9" * 19}, 404, {"/occurrence"}),
        (native(), {"occurrence": "x"}, 422, {"/occurrence"}),
        (native(), {"format": "yaml"}, 422, {"/format"}),
        (native(), {"format": "chaostoolkit"}, 422, {"/experiment"}),
        (b"<testsuite/>", {"format": "ctrf"}, 400, set()),
        (b"<testsuite tests='x'/>", {"format": "junit"}, 422, {"/testsuite/@tests"}),
        (b"<!DOCTYPE x><testsuite/>", {"format": "junit"}, 400, set()),
        (native(), {"started_at": "2026-11-20T01:00:00Z", "ended_at": "2026-11-20T01:00:00Z"}, 422, {"/started_at"}),
        (native(), {"started_at": "2026-11-20T01:00:00Z"}, 422, {"/ended_at"}),
        (native(), {"ended_at": "2026-11-20T01:00:00"}, 422, {"/ended_at"}),
    ],
)
def test_refused_uploads_are_kept_on_record(
    as_: As, body: Any, query: dict[str, str], status: int, places: set[str]
) -> None:
    response = upload(as_("robot"), body, **query)

    assert response.status_code == status, response.content
    assert pointers(response) == places
    assert not DrillResult.objects.exists()
    assert not StoredFile.objects.exists()
    refused = RefusedUpload.objects.get()
    assert (refused.status, refused.problem) == (status, slug(response))
    assert refused.received_from.username == "robot"


@pytest.mark.parametrize("name", [b'name="a\x00"', b"name*=utf-8''a%00", b"name*=unicode_escape''%5Cud800"])
@pytest.mark.parametrize("more", [b"", b'; filename="r.json"'])
def test_a_part_has_a_name_that_can_be_kept(as_: As, name: bytes, more: bytes) -> None:
    body = b"--b\r\nContent-Disposition: form-data; " + name + more + b"\r\n\r\n1\r\n--b--\r\n"

    response = as_("robot").send(
        "POST", PATH, body, content_type="multipart/form-data; boundary=b", headers={"Idempotency-Key": "k"}
    )

    assert (response.status_code, slug(response)) == (400, "malformed")
    assert RefusedUpload.objects.get().status == 400


def test_what_was_refused_may_be_mended_under_the_same_key(as_: As) -> None:
    assert upload(as_("robot"), native(verdict="fine")).status_code == 422
    assert upload(as_("robot")).status_code == 201


def test_who_may_not_upload_leaves_no_record(as_: As) -> None:
    assert upload(as_("bo")).status_code == 404
    assert upload(as_("rin")).status_code == 403
    assert upload(as_("")).status_code == 401
    assert not RefusedUpload.objects.exists()


def test_N36_the_key_is_required_and_has_a_length(as_: As) -> None:
    missing = as_("robot").send("POST", PATH, json.dumps(native()))

    assert (missing.status_code, slug(missing)) == (400, "idempotency-key-missing")
    assert upload(as_("robot"), key="k" * 256).status_code == 400
    assert upload(as_("robot"), key="キー".encode().decode("latin-1")).status_code == 400
    assert upload(as_("robot"), key=" ").status_code == 400
    assert upload(as_("robot"), key="k" * 255).status_code == 201


def test_N36_the_same_request_again_is_answered_again(as_: As) -> None:
    first = upload(as_("robot"))

    again = upload(as_("robot"))
    quoted = upload(as_("robot"), key='"k-1"')

    assert again.status_code == quoted.status_code == 201
    assert again.json() == quoted.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert DrillResult.objects.count() == 1


def test_N36_another_request_with_the_key_is_refused(as_: As) -> None:
    upload(as_("robot"))

    other = upload(as_("robot"), native(note="another"))

    assert (other.status_code, slug(other)) == (422, "idempotency-key-reused")
    assert DrillResult.objects.count() == 1


def test_a_form_sent_again_with_another_boundary_is_the_same_request(as_: As) -> None:
    def send(boundary: str) -> Any:
        parts = {
            'name="format"': "native",
            'name="file"; filename="r.json"\r\nContent-Type: application/json': json.dumps(native()),
        }
        body = "".join(
            f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n" for head, text in parts.items()
        )
        return as_("robot").send(
            "POST",
            PATH,
            (body + f"--{boundary}--\r\n").encode(),
            content_type=f"multipart/form-data; boundary={boundary}",
            headers={"Idempotency-Key": "k"},
        )

    assert send("first").json() == send("second").json()
    assert DrillResult.objects.count() == 1


def test_N36_the_key_is_the_accounts_own(as_: As) -> None:
    assert upload(as_("robot")).json()["id"] != upload(as_("olga")).json()["id"]


def test_other_posts_may_carry_a_key(as_: As) -> None:
    body = {"kind": "rule", "key": "r", "title": {"ja": "規程"}, "custodian": "it-service"}

    first = as_("olga").post("artefacts", body, Idempotency_Key="a")
    again = as_("olga").post("artefacts", dict(reversed(body.items())), Idempotency_Key="a")
    other = as_("olga").post("artefacts", {**body, "key": "s"}, Idempotency_Key="a")

    assert first.status_code == again.status_code == 201
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()
    assert other.status_code == 422


@pytest.mark.django_db(transaction=True)
def test_N37_a_hundred_at_once_make_one_record(live_server: LiveServer, the_clock: object) -> None:
    cast = make_cast()
    start = threading.Barrier(100, timeout=60)
    answers: list[tuple[int, bytes, str | None]] = []

    def send_until_taken() -> None:
        start.wait()
        answers.append(send_over_the_wire(live_server.url, cast.secrets["robot"]))
        while all(status != 201 for status, _, _ in answers):
            # As clients do: a hundred that try again at once keep each other out for ever.
            time.sleep(random.uniform(0.2, 2))
            answers.append(send_over_the_wire(live_server.url, cast.secrets["robot"]))

    threads = [threading.Thread(target=send_until_taken) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers += [send_over_the_wire(live_server.url, cast.secrets["robot"]) for _ in range(3)]

    taken = [(json.loads(content)["id"], replayed) for status, content, replayed in answers if status == 201]
    # 503: the tests' database takes fewer than a hundred connections; 0: the server's queue was full.
    assert {status for status, _, _ in answers} <= {201, 409, 503, 0}
    assert len({made for made, _ in taken}) == 1
    assert [replayed for _, replayed in taken].count(None) == 1
    assert DrillResult.objects.count() == IdempotencyRecord.objects.count() == StoredFile.objects.count() == 1
    assert RefusedUpload.objects.count() == 0


def send_over_the_wire(url: str, secret: str) -> tuple[int, bytes, str | None]:
    """Upload on a connection of its own; status 0 where the server did not take the connection."""
    wire = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    named = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "once", "Content-Type": "application/json"}
    try:
        wire.request("POST", f"/api/v1/{PATH}", json.dumps(native()), named)
        answer = wire.getresponse()
        return answer.status, answer.read(), answer.headers.get("Idempotent-Replayed")
    except ConnectionError:
        return 0, b"", None
    finally:
        wire.close()
