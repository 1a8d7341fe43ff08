"""The log for machines: what is in the list and what is not, proofs that hold, receipts that a third party verifies."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dcase_audit.trail.tlog.checkpoints import Checkpoint
from dcase_audit.trail.tlog.merkle import verify_consistency, verify_inclusion
from dcase_audit.trail.tlog.notes import Note
from dcase_audit.verification.api import proofs
from dcase_audit.verification.models import Entry
from evidence import services
from evidence.models import Decision, Revision
from tests.api.client import Api, slug
from tests.cast import NOW, Cast, revision, submitted
from tests.sealing import Sealing, size_of_log

As = Callable[[str], Api]


@pytest.fixture
def accepted(cast: Cast) -> Decision:
    found = submitted(cast.night_drills, cast.olga, content=b"accepted", note="夜間に実施")
    return services.accept(revision=found, actor=cast.ken, at=NOW, reason="確認した")


def every(api: Api, **query: Any) -> list[dict[str, Any]]:
    """Return all entries of the list, page by page."""
    found, answer = [], api.get("trail/entries", query).json()
    while True:
        found += answer["items"]
        if answer["next"] is None:
            return found
        answer = api.get(answer["next"]).json()


def entry_of(thing: Any) -> Entry:
    return Entry.objects.get(object=f"{thing._meta.db_table}/{thing.pk}", kind="insert")


def root_of(note: str) -> tuple[int, bytes]:
    parsed = Checkpoint.parse(Note.parse(note.encode()).text)
    return parsed.size, parsed.root


# The list


def test_an_entry_says_who_did_what(accepted: Decision, known: Sealing, as_token: As) -> None:
    known.seal()

    (found,) = as_token("rin").get("trail/entries", {"object": f"evidence_decision/{accepted.pk}"}).json()["items"]

    entry = entry_of(accepted)
    assert (found["seq"], found["kind"], found["source"], found["version"]) == (entry.seq, "insert", "row", 1)
    assert found["fields"]["row.kind"] == "accepted"
    assert found["fields"]["row.reason"] == "確認した"
    assert json.loads(found["leaf"])["object"] == found["object"]
    assert found["actor"] == found["fields"]["context.actor"] == "test"
    assert "db.client_address" not in found["fields"]


def test_the_list_is_paged_and_filtered(cast: Cast, accepted: Decision, known: Sealing, as_token: As) -> None:
    known.seal()
    rin = as_token("rin")
    whole = every(rin, limit=100)

    assert [entry["seq"] for entry in whole] == sorted({entry["seq"] for entry in whole}, reverse=True)
    assert every(rin, limit=7) == whole
    assert every(rin, kind="revision.added") == [entry for entry in whole if entry["kind"] == "revision.added"]
    assert every(rin, actor="test") == [entry for entry in whole if entry["actor"] == "test"]
    assert every(rin, actor="olga") == every(rin, actor="nobody:1") == []
    assert every(rin, until="2020-01-01T00:00:00Z") == []
    assert every(rin, since="2020-01-01T00:00:00Z") == whole
    of_case = every(rin, case="recurrence")
    assert {entry["seq"] for entry in of_case} < {entry["seq"] for entry in whole}
    assert not any(entry["object"].startswith("accounts_") for entry in of_case)
    assert f"evidence_decision/{accepted.pk}" in {entry["object"] for entry in of_case}


@pytest.mark.parametrize(
    "query",
    [{"object": "no such"}, {"kind": "DROP"}, {"actor": "名"}, {"since": "yesterday"}, {"cursor": "x"}, {"q": "x"}],
)
def test_nonsense_is_refused(cast: Cast, as_token: As, query: dict[str, str]) -> None:
    assert as_token("olga").get("trail/entries", query).status_code == 400


def test_a_case_that_is_not_seen_is_not_there(cast: Cast, as_token: As) -> None:
    assert as_token("otto").get("trail/entries", {"case": "recurrence"}).status_code == 404


def objects(api: Api, **query: Any) -> set[str]:
    return {entry["object"] for entry in every(api, limit=100, **query)}


def test_each_sees_of_the_evidence_what_is_theirs(cast: Cast, accepted: Decision, known: Sealing, as_token: As) -> None:
    draft = revision(cast.night_drills, cast.olga, content=b"draft")
    known.seal()
    decision, own = f"evidence_decision/{accepted.pk}", f"evidence_artefact/{cast.review_rule.pk}"
    node, unsubmitted = f"cases_node/{cast.node('E_1').pk}", f"evidence_revision/{draft.pk}"

    olga, bo, rin, miki, otto, ada = (objects(as_token(name)) for name in ("olga", "bo", "rin", "miki", "otto", "ada"))

    assert {decision, unsubmitted, node} <= olga
    assert own not in olga
    assert {own, node} <= bo
    assert {decision, own, node} <= rin
    assert unsubmitted not in rin
    assert node in miki
    assert not {decision, own} & miki
    assert not any(name.startswith(("cases_", "accounts_", "evidence_decision")) for name in otto)
    assert f"evidence_artefact/{cast.sales_notes.pk}" in otto
    assert all(name.startswith(("accounts_", "calendars_", "evidence_kind/", "user:", "token:")) for name in ada)
    for seen in (olga, bo, rin, miki, otto):
        assert not any(name.startswith(("accounts_apitoken", "notices_", "item:")) for name in seen)


def test_what_is_hidden_changes_nothing(cast: Cast, known: Sealing, as_token: As) -> None:
    """Bo's list is the same with and without what IT Service does, its numbers apart."""
    known.seal()
    bo, before = as_token("bo"), size_of_log()
    seen = every(bo)
    hidden = submitted(cast.night_drills, cast.olga, content=b"theirs")
    services.return_revision(revision=hidden, actor=cast.ken, at=NOW, reason="やり直し")
    known.seal()

    assert size_of_log() > before
    # Of the case, everybody sees how the nodes stand.
    added = [entry for entry in every(bo) if entry["seq"] >= before]
    assert {entry["object"].partition("/")[0].partition(":")[0] for entry in added} <= {"cases_statuschange", "case"}
    assert every(bo)[len(added) :] == seen
    assert every(bo, object=f"evidence_revision/{hidden.pk}") == []
    number = entry_of(hidden).seq
    assert bo.get(f"trail/receipts/{number}").status_code == 404
    assert slug(bo.get(f"trail/receipts/{number}")) == slug(bo.get("trail/receipts/99999999"))


def test_of_a_confidential_revision_others_see_that_it_is(cast: Cast, known: Sealing, as_token: As) -> None:
    kept = {"confidentiality": "confidential", "confidential_reason": "脆弱性を含む", "note": "秘密の所見"}
    found = submitted(cast.night_drills, cast.olga, **kept)
    known.seal()

    for name, shown in (("rin", False), ("olga", True)):
        (first, *_) = every(as_token(name), object=f"evidence_revision/{found.pk}")
        assert first["fields"]["row.confidential_reason"] == "脆弱性を含む"
        assert ("秘密の所見" in json.dumps(first, ensure_ascii=False)) is shown
        assert ("row.note" in first["closed"]) is not shown
        (file,) = every(as_token(name), object=f"evidence_revisionfile/{found.files.get().pk}")
        assert ("row.name" in file["closed"]) is not shown


def test_secrets_are_not_even_shown_as_digests(cast: Cast, known: Sealing, as_token: As) -> None:
    known.seal()

    (found,) = every(as_token("rin"), object=f"accounts_user/{cast.olga.pk}")

    assert {"row.password", "row.email"} <= set(found["closed"])
    assert found["fields"]["row.username"] == "olga"


def test_a_page_of_fifty_asks_what_a_page_of_one_does(cast: Cast, known: Sealing, as_token: As) -> None:
    for number in range(50):
        revision(cast.night_drills, cast.olga, content=str(number).encode())
    known.seal()
    olga, taken = as_token("olga"), []
    olga.get("trail/entries")
    for limit in (1, 50):
        with CaptureQueriesContext(connection) as captured:
            page = olga.get("trail/entries", {"limit": limit, "kind": "revision.added"})
        taken.append(len(captured))
        assert len(page.json()["items"]) == limit

    assert taken[0] == taken[1] <= 7


# Proofs


def test_proofs_lead_to_the_checkpoint(cast: Cast, accepted: Decision, known: Sealing, as_token: As) -> None:
    known.seal()
    old = size_of_log()
    submitted(cast.night_drills, cast.olga, content=b"later")
    known.seal()
    bo, new = as_token("bo"), size_of_log()

    for entry, size in ((0, old), (old - 1, old), (old - 1, new), (new - 1, new)):
        found = bo.get("trail/proof", {"entry": entry, "size": size}).json()
        assert root_of(found["checkpoint"])[0] == size
        verify_inclusion(
            leaf=base64.b64decode(found["leaf_hash"]),
            index=entry,
            size=size,
            proof=[base64.b64decode(hashed) for hashed in found["hashes"]],
            root=root_of(found["checkpoint"])[1],
        )
    grew = bo.get("trail/consistency", {"from": old}).json()
    verify_consistency(
        old=grew["old"],
        old_root=root_of(grew["old_checkpoint"])[1],
        new=grew["new"],
        new_root=root_of(grew["new_checkpoint"])[1],
        proof=[base64.b64decode(hashed) for hashed in grew["hashes"]],
    )
    assert (grew["old"], grew["new"]) == (old, new)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("proof", 400),
        ("proof?entry=x", 400),
        ("proof?entry=-1", 400),
        ("proof?entry=1.0", 400),
        ("proof?entry=99999999999999999999", 400),
        ("proof?entry=99999999", 422),
        ("proof?entry=0&size=1", 404),
        ("proof?entry=0&entry=1", 400),
        ("consistency", 400),
        ("consistency?from=1", 404),
        ("consistency?from={size}&to=99999999", 404),
        ("consistency?from={size}&to={size}", 200),
        ("receipts/99999999", 404),
        ("receipts/0?wait=long", 400),
    ],
)
def test_nonsense_about_proofs_is_refused(cast: Cast, known: Sealing, as_token: As, path: str, status: int) -> None:
    known.seal()

    assert as_token("rin").get(f"trail/{path.format(size=size_of_log())}").status_code == status


def test_smaller_is_not_the_end_of_larger(cast: Cast, known: Sealing, as_token: As) -> None:
    known.seal()
    old = size_of_log()
    submitted(cast.night_drills, cast.olga)
    known.seal()

    refused = as_token("rin").get("trail/consistency", {"from": size_of_log(), "to": old})

    assert (refused.status_code, slug(refused)) == (422, "invalid")


def test_no_proof_is_given_from_tiles_that_were_changed(
    cast: Cast, known: Sealing, as_token: As, settings: Any
) -> None:
    known.seal()
    for tile in (settings.TRAIL_DIR / "tile" / "0").rglob("*"):
        if tile.is_file():
            tile.write_bytes(bytes(len(tile.read_bytes())))

    refused = as_token("rin").get("trail/proof", {"entry": 0})

    assert (refused.status_code, slug(refused)) == (503, "log-damaged")


# Receipts


def test_a_receipt_is_verified_by_a_third_party(
    accepted: Decision, known: Sealing, as_token: As, tmp_path: Path
) -> None:
    known.seal()
    receipt = tmp_path / "decision.tlog-proof"

    answer = as_token("rin").get(f"trail/receipts/{entry_of(accepted).seq}")
    receipt.write_bytes(answer.content)
    verdict = known.verify(receipt)

    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert verdict.status == 0, verdict.report
    assert "確認した" in json.dumps(verdict.report, ensure_ascii=False)


def test_a_receipt_stays_the_same(cast: Cast, accepted: Decision, known: Sealing, as_token: As) -> None:
    known.seal()
    path, rin = f"trail/receipts/{entry_of(accepted).seq}", as_token("rin")
    first = rin.get(path).content
    submitted(cast.night_drills, cast.olga, content=b"later")
    known.seal()

    assert rin.get(path).content == first


def test_before_a_witness_saw_it_there_is_no_receipt(
    accepted: Decision, known: Sealing, as_token: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proofs, "PATIENCE", 0.3)
    known.drain()
    path, rin = f"trail/receipts/{entry_of(accepted).seq}", as_token("rin")

    for query in ("", "?wait=witnessed"):
        refused = rin.get(f"{path}{query}")
        assert (refused.status_code, slug(refused)) == (409, "not-sealed")
        assert refused.headers["Retry-After"] == "2"
    known.seal()
    assert rin.get(f"{path}?wait=witnessed").status_code == 200


def test_a_receipt_hides_what_the_reader_may_not_see(cast: Cast, known: Sealing, as_token: As, tmp_path: Path) -> None:
    kept = {"confidentiality": "confidential", "confidential_reason": "脆弱性を含む", "note": "秘密の所見"}
    found: Revision = submitted(cast.night_drills, cast.olga, **kept)
    known.seal()
    receipt = tmp_path / "revision.tlog-proof"

    receipt.write_bytes(as_token("rin").get(f"trail/receipts/{entry_of(found).seq}").content)
    verdict = known.verify(receipt)

    assert verdict.status == 0, verdict.report
    assert "秘密の所見" not in base64.b64decode(receipt.read_bytes().split(b"\n")[1].split()[1]).decode()
