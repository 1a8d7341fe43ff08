"""The log for people: what the list says, the badge and its alarms, receipts on the page of the evidence."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from dcase_audit.accounts.models import Membership
from dcase_audit.trail.tlog.notes import COSIGNATURE, SigningKey
from dcase_audit.verification.checking import check
from dcase_audit.verification.models import Entry
from evidence import services
from evidence.models import Decision
from tests.cast import NOW, Cast, person, revision, submitted
from tests.pages.conftest import queries, text_of
from tests.sealing import Sealing, size_of_log

As = Callable[..., Any]


@pytest.fixture
def accepted(cast: Cast) -> Decision:
    return services.accept(revision=submitted(cast.night_drills, cast.olga), actor=cast.ken, at=NOW, reason="確認した")


def listed(response: Any) -> list[int]:
    """Return the numbers of the entries that a page lists."""
    return [int(number) for number in re.findall(r'class="number"><a href="/trail/entries/(\d+)/"', text_of(response))]


# The list


def test_a_change_is_told_column_by_column(cast: Cast, known: Sealing, as_: As) -> None:
    membership = Membership.objects.get(user=cast.olga)
    membership.until = NOW + timedelta(days=30)
    membership.save()
    known.seal()

    page = text_of(as_("rin").get("/trail/", {"object": f"accounts_membership/{membership.pk}", "kind": "update"}))
    japanese = text_of(as_("rin", "ja").get("/trail/", {"object": f"accounts_membership/{membership.pk}"}))

    (diff,) = re.findall(r'<dl class="diff">(.*?)</dl>', page, re.DOTALL)
    assert re.sub(r"<[^>]+>", "", diff) == "until (excluded)– → 20 Dec 2026 15:00 JST"
    assert "membership" in page
    assert ">変更</strong>" in japanese
    assert "Olga" in page


def test_what_is_not_shown_is_counted(cast: Cast, known: Sealing, as_: As) -> None:
    cast.olga.set_password("another password")
    cast.olga.save()
    known.seal()

    page = text_of(as_("rin").get("/trail/", {"object": f"accounts_user/{cast.olga.pk}", "kind": "update"}))

    assert "1 column that is not shown changed." in page
    assert cast.olga.password not in page


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ({"kind": "revision.accepted"}, {"revision.accepted"}),
        ({"table": "evidence_decision"}, {"insert"}),
        ({"about": "artefact/night-drills", "kind": "artefact.created"}, {"artefact.created"}),
        ({"about": "node/recurrence/E_1", "kind": "support.linked"}, {"support.linked"}),
        ({"who": "nobody"}, set()),
        ({"until": "2020-01-01"}, set()),
        ({"since": "2020-01-01", "kind": "revision.added"}, {"revision.added"}),
        ({"case": "recurrence", "table": "accounts_user"}, set()),
    ],
)
def test_the_list_is_filtered(
    accepted: Decision, known: Sealing, as_: As, query: dict[str, str], kinds: set[str]
) -> None:
    known.seal()

    found = listed(as_("rin").get("/trail/", query))

    assert set(Entry.objects.filter(pk__in=found).values_list("kind", flat=True)) == kinds


def test_the_list_goes_on_page_by_page(cast: Cast, known: Sealing, as_: As) -> None:
    known.seal()
    olga, found, path = as_("olga"), [], "/trail/"

    while path:
        response = olga.get(path)
        found += listed(response)
        more = re.search(r'class="pager"><a href="([^"]+)"', text_of(response))
        path = f"/trail/{more[1]}".replace("&amp;", "&") if more else ""

    assert found == [entry.pk for entry in Entry.objects.visible_to(cast.olga).order_by("-seq")]
    assert len(found) == len(set(found)) > 30


def test_others_evidence_is_not_listed(accepted: Decision, known: Sealing, as_: As) -> None:
    known.seal()
    number = Entry.objects.get(object=f"evidence_decision/{accepted.pk}").pk
    bo, rin = as_("bo"), as_("rin")

    assert listed(bo.get("/trail/", {"table": "evidence_decision"})) == []
    assert listed(rin.get("/trail/", {"table": "evidence_decision", "object": f"evidence_decision/{accepted.pk}"}))
    assert bo.get(f"/trail/entries/{number}/").status_code == 404
    assert bo.get(f"/trail/entries/{number}/receipt/").status_code == 404
    assert bo.get("/trail/", {"about": "artefact/night-drills"}).status_code == 404
    for about in ("artefact/no-such", "revision/x", f"revision/{accepted.revision_id}", "node/other/E_1", "job/1"):
        assert bo.get("/trail/", {"about": about}).status_code == 404


@pytest.mark.parametrize(
    "query", [{"since": "never"}, {"kind": "x"}, {"who": "\x00"}, {"object": "\x00"}, {"after": "x"}]
)
def test_filters_that_mean_nothing_break_nothing(cast: Cast, as_: As, query: dict[str, str]) -> None:
    assert as_("olga").get("/trail/", query).status_code == 200


def test_fifty_entries_ask_what_one_does(cast: Cast, known: Sealing, as_: As) -> None:
    olga, taken = as_("olga"), []
    for count in (1, 49):
        for number in range(count):
            revision(cast.night_drills, cast.olga, content=f"{count}{number}".encode())
        known.seal()
        taken.append(queries(olga, "/trail/?kind=revision.added"))

    assert len(listed(olga.get("/trail/?kind=revision.added"))) == 30
    assert taken[0] == taken[1] <= 25


def test_an_entry_shows_its_fields_and_leaf(accepted: Decision, known: Sealing, as_: As) -> None:
    known.seal()
    entry = Entry.objects.get(object=f"evidence_decision/{accepted.pk}")

    page = text_of(as_("rin").get(f"/trail/entries/{entry.pk}/"))

    assert "row.reason" in page
    assert "確認した" in page
    assert "context.address" not in page or "not shown; the leaf holds its commitment" in page
    assert bytes(entry.leaf).decode().replace('"', "&quot;") in page
    assert f"/trail/entries/{entry.pk}/receipt/" in page


# Receipts


def test_a_receipt_from_the_page_is_verified_by_a_third_party(
    accepted: Decision, known: Sealing, as_: As, tmp_path: Path
) -> None:
    rin = as_("rin")
    before = text_of(rin.get("/evidence/night-drills/"))
    known.seal()
    page = text_of(rin.get("/evidence/night-drills/"))

    links = re.findall(r'href="(/trail/entries/\d+/receipt/)"', page)
    answer = rin.get(links[-1])
    receipt = tmp_path / "r.tlog-proof"
    receipt.write_bytes(answer.content)

    assert before.count("being sealed") == 2
    assert "/receipt/" not in before
    assert len(links) == 2
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert known.verify(receipt).status == 0
    assert "受領証" in text_of(as_("rin", "ja").get("/evidence/night-drills/"))


def test_a_receipt_that_is_not_there_yet_is_refused(accepted: Decision, known: Sealing, as_: As) -> None:
    known.drain()
    number = Entry.objects.get(object=f"evidence_decision/{accepted.pk}").pk

    assert as_("rin").get(f"/trail/entries/{number}/receipt/").status_code == 409
    assert "封印待ち" in text_of(as_("rin", "ja").get(f"/trail/entries/{number}/"))


def test_the_history_of_a_record_is_on_its_page(accepted: Decision, known: Sealing, as_: As) -> None:
    known.seal()

    for path, about in (
        ("/evidence/night-drills/", "artefact/night-drills"),
        ("/cases/recurrence/nodes/E_1/", "node/recurrence/E_1"),
    ):
        page = text_of(as_("olga").get(path))
        assert "History of the record" in page
        assert f"/trail/?about={about}" in page


# The badge


def test_the_badge_says_up_to_where_and_by_whom(cast: Cast, known: Sealing, as_: As) -> None:
    known.seal()
    last = size_of_log() - 1

    for path in ("/trail/", "/cases/recurrence/"):
        page = text_of(as_("olga").get(path))
        assert f"Verified to entry {last}" in page
        assert "witnessed by witness.example/w1" in page
        assert "NOT independent" not in page
    assert f"{last}番の記録まで検証済み" in text_of(as_("olga", "ja").get("/trail/"))


def test_a_witness_of_our_own_is_said_to_be_one(cast: Cast, sealing: Sealing, as_: As) -> None:
    sealing.witness = SigningKey.generate("same-host.invalid/w", COSIGNATURE)
    sealing.make_known()
    sealing.seal()

    assert "NOT independent" in text_of(as_("olga").get("/trail/"))


def alarm(as_: As, path: str = "/trail/") -> str:
    page = text_of(as_("olga").get(path))
    assert 'role="alert"' in page
    assert "Verified to entry" not in page
    return page


def test_a_tile_that_was_changed_is_an_alarm(cast: Cast, known: Sealing, as_: As) -> None:
    known.seal()
    for tile in (settings.TRAIL_DIR / "tile" / "0").rglob("*"):
        if tile.is_file():
            tile.write_bytes(bytes(len(tile.read_bytes())))

    assert "is not what was sealed" in alarm(as_)
    alarm(as_, "/cases/recurrence/")


def test_tiles_that_are_gone_are_an_alarm(cast: Cast, known: Sealing, as_: As) -> None:
    known.seal()
    settings.TRAIL_DIR.rename(settings.TRAIL_DIR.with_name("elsewhere"))

    alarm(as_)


def test_entries_that_wait_too_long_are_an_alarm(cast: Cast, known: Sealing, as_: As) -> None:
    known.seal()
    submitted(cast.night_drills, cast.olga)

    assert "Verified to entry" in text_of(as_("olga").get("/trail/"))
    settings.TRAIL_MERGE_DELAY = 0
    assert "waiting to be sealed" in alarm(as_)
    known.drain()
    assert "waiting to be sealed" in alarm(as_)
    settings.TRAIL_MERGE_DELAY = 600
    known.seal()
    assert "Verified to entry" in text_of(as_("olga").get("/trail/"))


def test_a_checkpoint_that_others_signed_is_an_alarm(cast: Cast, known: Sealing, as_: As) -> None:
    known.seal()
    (settings.TRAIL_DIR / "log.vkey").write_text(SigningKey.generate(settings.TRAIL_ORIGIN).vkey())

    assert "is not signed as it has to be" in alarm(as_)


def test_a_checkpoint_without_a_witness_of_ours_is_an_alarm(cast: Cast, known: Sealing) -> None:
    known.seal()
    settings.TRAIL_WITNESSES = [f"{SigningKey.generate('other.example/w', COSIGNATURE).vkey()} http://127.0.0.1:9/"]

    assert check().problems == ["No witness of ours cosigned the last checkpoint."]


def test_before_anything_is_sealed_there_is_no_alarm_yet(cast: Cast, known: Sealing, as_: As) -> None:

    page = text_of(as_("olga").get("/trail/"))

    assert "being sealed" in page
    assert 'role="alert"' not in page


def test_a_person_of_no_case_finds_an_empty_list(cast: Cast, known: Sealing, as_: As) -> None:
    zoe = person("zoe")
    known.seal()
    cast.people["zoe"] = zoe

    found = Entry.objects.filter(pk__in=listed(as_("zoe").get("/trail/")))

    assert all(entry.object == f"user:{zoe.pk}" for entry in found)
