"""Many results in one call: each line alone, each once, and what is wrong with one stops no other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError
from pytest_django import Settings

from dcase_audit.buckets import StoreUnavailable
from drills.api.batches import Line, chunks
from drills.models import DrillResult, RefusedUpload
from evidence import services as evidence
from evidence.refusals import Disposed
from evidence.services import Draft
from tests.api.client import slug
from tests.api.conftest import As
from tests.cast import Cast
from tests.drills.samples import native
from tests.statements import statements

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("the_clock")]

# Of a call whose lines are new results of one drill, and of one whose lines are all refused; with its token.
STATEMENTS = 43
STATEMENTS_REFUSED = 14


@pytest.fixture(autouse=True)
def store(tmp_path: Path, settings: Settings) -> None:
    settings.OBJECT_STORE_URL = (tmp_path / "objects").as_uri()


def line(key: str, document: Any = None, **more: Any) -> dict[str, Any]:
    file = document if isinstance(document, str) else json.dumps(document or native(note=key), ensure_ascii=False)
    return {"drill": "night-failover", "key": key, "file": file} | more


def send(as_: As, *lines: Any, who: str = "robot") -> Any:
    text = "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines)
    return as_(who).send("POST", "drill-results", text, content_type="application/x-ndjson")


def answers(response: Any) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.content
    assert response.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(each) for each in response.content.decode().splitlines()]


def problem(answer: dict[str, Any]) -> tuple[int, str]:
    return answer["status"], answer["problem"]["type"].removeprefix("/problems/")


@pytest.mark.usefixtures("sound")
def test_each_line_is_a_result_with_its_bytes_as_they_were_sent(as_: As, cast: Cast) -> None:
    text = json.dumps(native(note="第一"), ensure_ascii=False, indent=1)

    first, second = answers(send(as_, line("a", text), line("b")))

    assert [each["status"] for each in (first, second)] == [201, 201]
    assert (first["line"], first["key"], first["replayed"]) == (1, "a", False)
    assert first["receipt"]["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert as_("olga").get(f"drill-results/{first['receipt']['id']}").json()["record"]["document"]["note"] == "第一"
    assert DrillResult.objects.count() == 2


def test_what_is_wrong_with_a_line_is_its_answer_and_stops_no_other(as_: As, cast: Cast) -> None:
    found = answers(
        send(
            as_,
            line("a"),
            '{"drill": "night-fail',
            line("c", drill="unheard-of"),
            line("d", native(verdict="splendid")),
            line("e", sha256="0" * 64),
            {"drill": "night-failover", "file": "{}"},
            line("g", unknown=1),
            "[]",
            line("i", occurrence=999_999),
            line("j", format="junit"),
            "",
            line("l"),
        )
    )

    assert [each["line"] for each in found] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12]
    assert [each["status"] for each in found] == [201, 400, 404, 422, 422, 422, 422, 400, 404, 400, 201]
    assert problem(found[4]) == (422, "digest-differs")
    assert problem(found[3])[1] == "malformed-result"
    # What was refused of a drill that the sender sees is on record there.
    assert RefusedUpload.objects.count() == 4


def test_a_line_is_answered_again_under_its_key(as_: As, cast: Cast) -> None:
    (first,) = answers(send(as_, line("a")))

    again, other, new = answers(send(as_, line("a"), line("a", native(note="other")), line("b")))

    assert again["replayed"] and again["receipt"]["id"] == first["receipt"]["id"]
    assert problem(other) == (422, "idempotency-key-reused")
    assert (new["status"], new["replayed"]) == (201, False)
    assert DrillResult.objects.count() == 2


def test_the_same_key_twice_in_a_call_is_one_result(as_: As, cast: Cast) -> None:
    first, second = answers(send(as_, line("a"), line("a")))

    assert (first["replayed"], second["replayed"]) == (False, True)
    assert first["receipt"]["id"] == second["receipt"]["id"]


def test_another_departments_drill_is_not_there_and_an_auditor_uploads_nothing(as_: As, cast: Cast) -> None:
    assert problem(answers(send(as_, line("a"), who="bo"))[0]) == (404, "not-found")
    assert answers(send(as_, line("a"), who="rin"))[0]["status"] == 403
    assert not DrillResult.objects.exists()


def test_a_call_has_so_many_lines_and_bytes(as_: As, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drills.api.batches.MOST_LINES", 2)
    assert slug(send(as_, line("a"), line("b"), line("c"))) == "too-large"
    monkeypatch.setattr("drills.api.batches.LONGEST_LINE", 100)
    assert slug(send(as_, line("d"))) == "too-large"
    assert slug(send(as_)) == "malformed"

    # What stood before the end was taken, and is told again under its key.
    monkeypatch.undo()
    assert answers(send(as_, line("a")))[0]["replayed"]


@pytest.mark.parametrize("lines", [1, 50])
def test_what_a_call_costs_does_not_grow_with_its_lines(as_: As, cast: Cast, lines: int) -> None:
    send(as_, line("warm"))

    with statements() as sent:
        assert len(answers(send(as_, *(line(str(number)) for number in range(lines))))) == lines

    assert len(sent) == STATEMENTS


@pytest.mark.parametrize("lines", [1, 50])
def test_what_a_call_of_refused_lines_costs_does_not_grow_with_them(as_: As, cast: Cast, lines: int) -> None:
    refused = [line(str(number), native(verdict=f"v{number}")) for number in range(lines)]

    with statements() as sent:
        assert {each["status"] for each in answers(send(as_, *refused))} == {422}

    assert len(sent) == STATEMENTS_REFUSED
    assert RefusedUpload.objects.count() == lines


@pytest.mark.parametrize(
    ("error", "answer"),
    [(Disposed("A file was disposed of: upload it anew."), 410), (IntegrityError("lost a race"), None)],
    ids=["refused", "lost a race once"],
)
def test_where_one_line_is_refused_as_all_are_written_each_is_answered_alone(
    as_: As, cast: Cast, monkeypatch: pytest.MonkeyPatch, error: Exception, answer: int | None
) -> None:
    truly = evidence.add_revisions

    def racing(drafts: Sequence[Draft], **more: Any) -> Any:
        if any(draft.note == "c" for draft in drafts) and (answer or len(drafts) > 1):
            raise error
        return truly(drafts, **more)

    monkeypatch.setattr(evidence, "add_revisions", racing)

    found = answers(send(as_, *(line(key) for key in "abcde")))

    assert [each["status"] for each in found] == [201, 201, answer or 201, 201, 201]
    assert [each["key"] for each in found] == list("abcde")
    taken = [each["receipt"]["evidence"]["number"] for each in found if "receipt" in each]
    assert taken == list(range(1, len(taken) + 1)) and DrillResult.objects.count() == len(taken)
    assert [each.problem for each in RefusedUpload.objects.all()] == (["disposed"] if answer else [])
    monkeypatch.undo()
    assert [each.get("replayed") for each in answers(send(as_, *(line(key) for key in "abd")))] == [True] * 3


def test_what_is_wrong_with_us_is_everybodys_answer_and_what_stood_before_is_taken(
    as_: As, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drills.api.batches.CHUNK", 2)
    truly = evidence.add_revisions

    def failing(drafts: Sequence[Draft], **more: Any) -> Any:
        if any(draft.note == "c" for draft in drafts):
            raise StoreUnavailable("The store cannot be written.")
        return truly(drafts, **more)

    with monkeypatch.context() as patch:
        patch.setattr(evidence, "add_revisions", failing)
        assert slug(send(as_, *(line(key) for key in "abcd"))) == "store-unavailable"

    found = answers(send(as_, *(line(key) for key in "abcd")))
    assert [each["replayed"] for each in found] == [True, True, False, False]


def test_as_many_lines_are_taken_as_the_department_may_still_hand_in(as_: As, cast: Cast, settings: Settings) -> None:
    settings.QUOTA_FILES = 3

    found = answers(send(as_, *(line(key) for key in "abcde")))

    assert [each["status"] for each in found] == [201, 201, 201, 429, 429]


def test_lines_are_taken_in_together_by_number_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drills.api.batches.CHUNK", 3)
    monkeypatch.setattr("drills.api.batches.LARGEST_CHUNK", 100)

    def by(*sizes: int) -> list[list[int]]:
        read = (
            Line(number, size, key=str(number), drill_key="d", sha256=str(number)) for number, size in enumerate(sizes)
        )
        return [[one.size for one in chunk] for chunk in chunks(read)]

    assert by() == []
    assert by(1, 2, 3, 4, 5) == [[1, 2, 3], [4, 5]]
    assert by(60, 60, 40, 200, 1) == [[60], [60, 40], [200], [1]]


def test_the_same_key_and_the_same_bytes_for_one_drill_begin_another_chunk() -> None:
    read = [
        Line(1, 1, key="a", drill_key="d", sha256="1"),
        Line(2, 1, key="b", drill_key="e", sha256="1"),
        Line(3, 1, key="c", drill_key="d", sha256="1"),
        Line(4, 1, key="b", drill_key="d", sha256="2"),
        Line(5, 1, key="c", drill_key="d", sha256="3"),
    ]

    assert [[one.number for one in chunk] for chunk in chunks(iter(read))] == [[1, 2], [3, 4], [5]]
