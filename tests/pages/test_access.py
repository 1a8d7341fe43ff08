"""Who sees which page: every address beside every one of the cast, with the status that each gets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path as FilePath
from typing import NamedTuple

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import get_resolver
from pytest_django import Settings

from dcase_audit.accounts.authentication import issue
from dcase_audit.pages_urls import urlpatterns
from dcase_audit.trail.tlog.local import LocalTiles
from dcase_audit.verification.models import Entry
from tests.api.matrix import COLUMNS, Stage, make_stage
from tests.cast import Cast
from tests.missed import FIRST, SECOND
from tests.pages.conftest import logged_in
from tests.sealing import Sealing, size_of_log

Path = Callable[[Stage], str]
SOMEDAY = datetime(2099, 1, 1, tzinfo=UTC)


class Row(NamedTuple):
    """An address by its name, how it is asked, and what each column gets."""

    method: str
    name: str
    path: str
    expected: tuple[int, ...]


def to_all(status: int) -> tuple[int, ...]:
    """Nobody is sent to log in; a machine has no session."""
    return (302, *[status] * 8)


# Nobody, Otto (elsewhere), Bo (another department), Olga (owner), Ken (approver), Hana (head), Miki (management), Rin
# (auditor), Ada (administrator). "302" is a redirection: to the login, or to where the answer is.
CASE = (302, 404, 200, 200, 200, 200, 200, 200, 404)
DEPARTMENT = (302, 404, 404, 200, 200, 200, 404, 200, 404)
SEES_THE_CASE = (302, 404, 302, 302, 302, 302, 302, 302, 404)
MISSED = f"{FIRST.timestamp():.0f}-{SECOND.timestamp():.0f}"
WRITES = (302, 404, 404, 200, 200, 200, 404, 403, 404)
ROWS = [
    Row("get", "home", "/", to_all(200)),
    Row("get", "login", "/login/", (200, *[302] * 8)),
    Row("post", "logout", "/logout/", to_all(302)),
    Row("get", "me", "/me/", to_all(200)),
    Row("get", "password", "/me/password/", to_all(200)),
    Row("get", "token-new", "/me/tokens/new/", to_all(200)),
    Row("post", "token-revoke", "/me/tokens/{token}/revoke/", (302, 404, 404, 302, *[404] * 5)),
    # Whoever holds the link needs no session; this one was used.
    Row("get", "password-set", "/password/MQ/used/", (200, *[200] * 8)),
    Row("get", "cases", "/cases/", to_all(200)),
    Row("get", "case", "/cases/recurrence/", CASE),
    Row("get", "case-diagram", "/cases/recurrence/diagram/", CASE),
    Row("get", "case-table", "/cases/recurrence/table/", CASE),
    Row("get", "case-changes", "/cases/recurrence/changes/", CASE),
    Row("get", "case-forecast", "/cases/recurrence/forecast/", CASE),
    Row("get", "node", "/cases/recurrence/nodes/E_1/", CASE),
    Row("post", "node-link", "/cases/recurrence/nodes/E_1/link/", CASE),
    Row("post", "node-unlink", "/cases/recurrence/nodes/E_1/unlink/night-drills/", DEPARTMENT),
    # Whoever may see the page gets back to it, with what was wrong.
    Row("post", "target-remedy", f"/cases/recurrence/nodes/target:C_9/missed/{MISSED}/", SEES_THE_CASE),
    Row("post", "target-remedy-close", "/cases/recurrence/nodes/target:C_9/remedies/{remedy}/close/", SEES_THE_CASE),
    Row("get", "artefacts", "/evidence/", to_all(200)),
    Row("get", "artefact-new", "/new-evidence/", (302, 200, 200, 200, 200, 200, 302, 302, 302)),
    Row("get", "artefact", "/evidence/night-drills/", DEPARTMENT),
    Row("get", "revision-new", "/evidence/night-drills/revisions/new/", WRITES),
    Row("get", "reviewed", "/evidence/night-drills/reviewed/", (302, 404, 404, 302, 302, 302, 404, 403, 404)),
    Row("get", "revision", "/revisions/{waiting}/", (302, 404, 404, 302, 302, 302, 404, 302, 404)),
    Row("get", "revision", "/revisions/{draft}/", (302, 404, 404, 302, 302, 302, 404, 404, 404)),
    Row("get", "revision-file", "/revisions/{waiting}/files/{sha256}/", DEPARTMENT),
    # A decision taken leads back to the page; a refusal shows it again.
    Row("post", "revision-submit", "/revisions/{draft}/submit/", (302, 404, 404, 302, 302, 302, 404, 404, 404)),
    Row("post", "revision-accept", "/revisions/{waiting}/accept/", (302, 404, 404, 200, 302, 302, 404, 200, 404)),
    Row("post", "revision-return", "/revisions/{waiting}/return/", (302, 404, 404, 200, 302, 302, 404, 200, 404)),
    Row("post", "revision-withdraw", "/revisions/{waiting}/withdraw/", (302, 404, 404, 302, 302, 302, 404, 200, 404)),
    Row("post", "revision-void", "/revisions/{accepted}/void/", (302, 404, 404, 200, 302, 302, 404, 200, 404)),
    Row(
        "post",
        "revision-propose-annulment",
        "/revisions/{refuting}/propose-annulment/",
        (302, 404, 404, 200, 302, 302, 404, 200, 404),
    ),
    Row("post", "revision-annul", "/revisions/{proposed}/annul/", (302, 404, 404, 200, 302, 200, 404, 200, 404)),
    # Days are entered by people: a form that is not whole comes back.
    Row("post", "revision-extend", "/revisions/{accepted}/extend/", (302, 404, 404, 403, 403, 200, 404, 403, 404)),
    Row("get", "holds", "/holds/", to_all(200)),
    Row("post", "hold-place", "/holds/place/", to_all(200)),
    Row("post", "hold-release", "/holds/{hold}/release/", (302, 404, 404, 200, 200, 200, 302, 200, 404)),
    Row("get", "due", "/due/", to_all(200)),
    Row("get", "inbox", "/inbox/", to_all(200)),
    Row("post", "inbox-read", "/inbox/read/", to_all(302)),
    Row("post", "acknowledge", "/inbox/items/{item}/acknowledge/", (302, 404, 404, 302, 302, 302, 404, 404, 404)),
    Row("get", "subjects", "/subjects/", to_all(200)),
    Row("get", "subject", "/subjects/failover-setting/", DEPARTMENT),
    Row("get", "drills", "/drills/", to_all(200)),
    Row("get", "drill", "/drills/night-failover/", DEPARTMENT),
    Row("get", "drill-result", "/drills/results/{result}/", DEPARTMENT),
    Row("get", "drill-result-raw", "/drills/results/{result}/raw/", DEPARTMENT),
    Row("get", "drill-rules", "/drills/night-failover/rules/", DEPARTMENT),
    Row("post", "drill-rule-propose", "/drills/night-failover/rules/propose/", DEPARTMENT),
    # Olga proposed it: she may take it back, and not publish it.
    Row(
        "post",
        "drill-rule-publish",
        "/drills/night-failover/rules/{rule}/publish/",
        (302, 404, 404, 200, 302, 302, 404, 200, 404),
    ),
    Row(
        "post",
        "drill-rule-end",
        "/drills/night-failover/rules/{rule}/end/",
        (302, 404, 404, 302, 302, 302, 404, 200, 404),
    ),
    # Whoever may not act is refused; a form that is not whole comes back.
    Row("post", "drill-result-sign", "/drills/results/{result}/sign/", DEPARTMENT),
    Row("get", "finding", "/drills/findings/{finding}/", DEPARTMENT),
    Row("post", "finding-open", "/drills/night-failover/findings/", WRITES),
    Row("post", "action-add", "/drills/findings/{finding}/actions/", WRITES),
    Row("post", "action-close", "/drills/findings/{finding}/actions/{action}/close/", WRITES),
    Row("post", "occurrence-cancel", "/drills/night-failover/occurrences/{occurrence}/cancel/", WRITES),
    Row("get", "monitor", "/monitors/night-log/", (302, 404, 404, 200, 200, 200, 404, 404, 404)),
    Row("get", "reports", "/reports/", to_all(200)),
    Row("get", "report", "/reports/{report}/", CASE),
    Row("post", "report-cancel", "/reports/{report}/cancel/", (302, 404, 302, 302, 302, 302, 302, 302, 404)),
    Row("get", "report-file", "/reports/{report}/file/", (302, 404, 409, 409, 409, 409, 409, 409, 404)),
]
PEOPLE = COLUMNS[:-1]

# Nobody is asked for a token: this client is no browser that says so.
READERS = (401, 404, 200, 200, 200, 200, 200, 200, 404)
ROWS += [
    Row("get", "trail", "/trail/", to_all(200)),
    Row("get", "trail-entry", "/trail/entries/{decision}/", DEPARTMENT),
    Row("get", "trail-receipt", "/trail/entries/{decision}/receipt/", DEPARTMENT),
    Row("get", "trail-checkpoint", "/trail/checkpoint", READERS),
    Row("get", "trail-past-checkpoint", "/trail/checkpoints/{size:012}", READERS),
    Row("get", "trail-timestamp", "/trail/timestamps/{size:012}-2.tsr", READERS),
    Row("get", "trail-tile", "/trail/tile/0/{tile}", READERS),
    Row("get", "trail-vkey", "/trail/log.vkey", READERS),
]


@pytest.fixture(autouse=True)
def sealing(settings: Settings, tmp_path: FilePath) -> Sealing:
    settings.TRAIL_DIR, settings.TRAIL_WITNESSES = tmp_path / "trail", []
    return Sealing(tmp_path)


def numbers(stage: Stage) -> dict[str, object]:
    from dcase_audit.notices.models import OpenItem

    return {
        "draft": stage.draft.pk,
        "waiting": stage.waiting.pk,
        "accepted": stage.accepted.pk,
        "refuting": stage.refuting.pk,
        "proposed": stage.proposed.pk,
        "rule": stage.rule,
        "result": stage.result,
        "report": stage.report,
        "finding": stage.finding,
        "action": stage.action,
        "remedy": stage.remedy,
        "occurrence": stage.occurrence,
        "token": issue(user=stage.cast.olga, name="own", scopes=["read"], expires_at=SOMEDAY)[0].pk,
        "hold": stage.hold,
        "sha256": stage.waiting.files.select_related("file").get().file.sha256,
        "item": OpenItem.objects.open().filter(party=stage.cast.it_service).latest("pk").pk,
    }


def sealed(sealing: Sealing, stage: Stage) -> dict[str, object]:
    """Seal what there is; return numbers of the log."""
    sealing.make_known()
    sealing.seal()
    size = size_of_log()
    LocalTiles(settings.TRAIL_DIR).put_all([(f"timestamps/{size:012}-2.tsr", b"a response")])
    decision = stage.accepted.decisions.get(kind="accepted")
    number = Entry.objects.get(object=f"evidence_decision/{decision.pk}").pk
    return {"size": size, "tile": "000" if size >= 256 else f"000.p/{size}", "decision": number}


def form_of(row: Row, found: dict[str, object]) -> dict[str, str]:
    """Return what the page's own form would send; ``found``: the numbers of the stage."""
    for name in ("draft", "waiting", "accepted", "refuting", "proposed"):
        if f"{{{name}}}" in row.path:
            return {f"r{found[name]}-{row.name.removeprefix('revision-')}-reason": "理由"}
    if row.name in ("drill-rule-publish", "drill-rule-end"):
        return {f"rule{found['rule']}-{row.name.removeprefix('drill-rule-')}-reason": "理由"}
    return {f"h{found['hold']}-reason": "理由"} if row.name == "hold-release" else {}


@pytest.mark.no_cover
def test_everybody_gets_what_the_table_says(cast: Cast, sealing: Sealing, subtests: pytest.Subtests) -> None:
    stage = make_stage(cast)
    named = {**numbers(stage), **sealed(sealing, stage)}

    for row in ROWS:
        with subtests.test(page=f"{row.method} {row.path}"):
            got = [asked(row, named, name, cast) for name in PEOPLE]
            assert dict(zip(PEOPLE, got, strict=True)) == dict(zip(PEOPLE, row.expected, strict=True))


def asked(row: Row, named: dict[str, object], name: str, cast: Cast) -> int:
    """Return the status that ``name`` gets, and leave everything as it was."""
    before = transaction.savepoint()
    try:
        client = logged_in(cast.people[name]) if name else Client()
        response = getattr(client, row.method)(row.path.format(**named), form_of(row, named))
        if response.streaming:
            assert b"".join(response.streaming_content)
        status: int = response.status_code
    finally:
        transaction.savepoint_rollback(before)
    return status


def test_the_table_names_every_page() -> None:
    assert {str(pattern.name) for pattern in urlpatterns} - {row.name for row in ROWS} == set()


def test_what_changes_something_wants_the_forms_token(cast: Cast, subtests: pytest.Subtests) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.olga)
    named = numbers(make_stage(cast))

    for row in ROWS:
        if row.method == "post":
            with subtests.test(page=row.path):
                assert client.post(row.path.format(**named)).status_code == 403


def test_an_upload_wants_the_forms_token_too(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.olga)

    assert client.post("/evidence/night-drills/revisions/new/", {"note": "x"}).status_code == 403


def test_pages_are_where_nothing_else_is() -> None:
    names = [name for name in get_resolver().reverse_dict if isinstance(name, str)]

    assert {"home", "case", "artefact"} <= set(names)
