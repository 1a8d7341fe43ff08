"""A change of the log's key, from the sequencer to third parties: bundles, receipts, the badge, and who is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dcase_audit.accounts.models import Party
from dcase_audit.trail.rotation import STEPS
from dcase_audit.verification.checking import check
from dcase_audit.verification.models import Entry
from tests.cast import Cast
from tests.pages.conftest import logged_in
from tests.sealing import Sealing, Verdict

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("taken", [1, 2])
def test_a_third_party_follows_the_change(cast: Cast, known: Sealing, tmp_path: Path, taken: int) -> None:
    known.seal()
    before = known.home / "receipt"
    before.write_bytes(receipt_of(cast, first_entry(cast)))
    for number, step in enumerate(STEPS[:taken]):
        known.change_keys(step)
        known.seal()
        Party.objects.filter(key="it-service").update(symbol=str(number))
        known.seal()

    verdict = known.verify(known.bundle())

    assert verdict.status == 0, verdict.report["checks"]
    assert says(verdict, "keys").startswith("2 keys, each announced by the one before it")
    assert known.verify(before).status == 0
    after = known.home / "later"
    after.write_bytes(receipt_of(cast, Entry.objects.latest("seq")))
    assert known.verify(after).status == 0
    seal = check()
    assert (seal.is_verified, seal.problems) == (True, [])
    shown = logged_in(cast.rin).get("/trail/log.vkey").content.decode()
    assert [line.split()[0] for line in shown.splitlines()] == [term.key.vkey() for term in known.signer.keyring.terms]


def test_whoever_sees_a_case_is_told_and_others_are_not(cast: Cast, known: Sealing) -> None:
    known.change_keys(STEPS[0])
    known.seal()
    entry = Entry.objects.get(kind="trail.key_announced")

    page = logged_in(cast.rin).get(f"/trail/entries/{entry.pk}/")
    assert page.status_code == 200
    assert "new key of the log announced" in page.content.decode()
    assert logged_in(cast.otto).get(f"/trail/entries/{entry.pk}/").status_code == 404


def first_entry(cast: Cast) -> Entry:
    return Entry.objects.filter(object__startswith="accounts_party/").order_by("seq")[0]


def receipt_of(cast: Cast, entry: Entry) -> bytes:
    response = logged_in(cast.rin).get(f"/trail/entries/{entry.pk}/receipt/")
    assert response.status_code == 200
    return response.content


def says(verdict: Verdict, name: str) -> str:
    found: dict[str, Any] = next(check for check in verdict.report["checks"] if check["check"] == name)
    return str(found["says"])
