"""The admin: administrators keep the house, members look at their department's evidence, nobody goes past a service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib import admin
from django.test import RequestFactory

from dcase_audit.accounts.authentication import digest
from dcase_audit.accounts.models import ApiToken, Membership, Party, PastName, User
from dcase_audit.calendars.models import Calendar
from dcase_audit.cases.models import Criterion, SettlementRequest
from dcase_audit.pages import ORGANISATION_ZONE
from drills.models import Monitor
from evidence.models import Artefact, Kind, Standing
from tests.cast import NOW, Cast, artefact, submitted
from tests.events import payloads
from tests.pages.conftest import As, text_of

pytestmark = pytest.mark.usefixtures("sound")

MODELS = [(model._meta.app_label, model._meta.model_name) for model in admin.site._registry]
OF_MEMBERS = {
    ("evidence", "artefact"),
    ("evidence", "revision"),
    ("drills", "drill"),
    ("drills", "monitor"),
    ("drills", "targetfeed"),
}


def entered(name: str, moment: datetime) -> dict[str, str]:
    """Return a moment as a form sends it, in the organisation's zone."""
    return {name: f"{moment.astimezone(ORGANISATION_ZONE):%Y-%m-%dT%H:%M}"}


@pytest.mark.parametrize(("app", "model"), MODELS)
def test_administrators_keep_the_house_and_members_see_their_own(cast: Cast, as_: As, app: str, model: str) -> None:
    path = f"/admin/{app}/{model}/"

    got = {name: as_(name).get(path).status_code for name in ("ada", "olga", "miki", "rin")}

    of_members = (app, model) in OF_MEMBERS
    assert got == {
        "ada": 403 if of_members else 200,
        "olga": 200 if of_members else 403,
        # Who holds no department is not let in at all.
        "miki": 302,
        "rin": 302,
    }


def test_logs_and_decisions_are_not_in_the_admin() -> None:
    kept_elsewhere = {"decision", "storedfile", "statuschange", "group", "edition", "loginfailures"}

    assert not kept_elsewhere & {name for _, name in MODELS}


@pytest.mark.parametrize(("name", "deletable"), [("ada", {"holiday"}), ("olga", set())])
def test_nothing_but_a_holiday_is_deleted(cast: Cast, name: str, deletable: set[str]) -> None:
    request = RequestFactory().get("/admin/")
    request.user = cast.people[name]

    kept = admin.site._registry.items()
    assert {model._meta.model_name for model, one in kept if one.has_delete_permission(request)} == deletable


def test_a_member_sees_the_own_departments_evidence_alone(cast: Cast, as_: As) -> None:
    own, other = submitted(cast.night_drills, cast.olga), submitted(cast.review_rule, cast.bo)
    olga = as_("olga")

    listed = text_of(olga.get("/admin/evidence/artefact/"))

    assert "night-drills" in listed
    assert "review-rule" not in listed
    assert olga.get(f"/admin/evidence/artefact/{cast.review_rule.pk}/change/").status_code == 302
    assert olga.get(f"/admin/evidence/revision/{own.pk}/change/").status_code == 200
    assert olga.get(f"/admin/evidence/revision/{other.pk}/change/").status_code == 302


def test_revisions_are_read_only_drafts_included(cast: Cast, as_: As) -> None:
    found = submitted(cast.night_drills, cast.olga)
    olga = as_("olga")

    page = text_of(olga.get(f"/admin/evidence/revision/{found.pk}/change/"))

    assert 'name="_save"' not in page
    assert olga.post(f"/admin/evidence/revision/{found.pk}/change/", {"note": "changed"}).status_code == 403
    assert olga.get("/admin/evidence/revision/add/").status_code == 403


def test_an_artefact_is_added_by_the_service_and_only_its_names_change(cast: Cast, as_: As) -> None:
    olga = as_("olga")
    fields = {
        "key": "by-admin",
        "kind": str(cast.kinds["rule"].pk),
        "title_ja": "規程",
        "title_en": "",
        "custodian": str(cast.it_service.pk),
        "owner": str(cast.olga.pk),
        "review_interval": "P1Y",
    }

    foreign = olga.post("/admin/evidence/artefact/add/", {**fields, "custodian": str(cast.sales.pk)})
    made = olga.post("/admin/evidence/artefact/add/", fields)

    assert (foreign.status_code, made.status_code) == (200, 302)
    artefact = Artefact.objects.get(key="by-admin")
    assert Standing.objects.filter(artefact=artefact).exists()
    assert payloads("artefact.created")[-1] == {"key": "by-admin"}

    changed = {
        **fields,
        "title_ja": "新しい規程",
        "review_interval": "P9Y",
        "custodian": str(cast.sales.pk),
        "key": "x",
    }
    inline = {"revisions-TOTAL_FORMS": "0", "revisions-INITIAL_FORMS": "0"}
    assert olga.post(f"/admin/evidence/artefact/{artefact.pk}/change/", {**changed, **inline}).status_code == 302
    artefact.refresh_from_db()
    assert artefact.title_ja == "新しい規程"
    assert (artefact.key, artefact.review_interval, artefact.custodian) == ("by-admin", "P1Y", cast.it_service)


def test_a_token_is_shown_once_and_revoked(cast: Cast, as_: As) -> None:
    ada = as_("ada")
    fields = {
        "user": str(cast.robot.pk),
        "name": "collector",
        "scopes": ["drills:write"],
        "department": str(cast.it_service.pk),
        **entered("expires_at", datetime.now(UTC) + timedelta(days=30)),
    }

    issued = ada.post("/admin/accounts/apitoken/add/", fields)

    secret = text_of(issued).split('class="secret">')[1].split("<")[0]
    token = ApiToken.objects.get(name="collector")
    assert token.sha256 == digest(secret.encode())
    assert token.created_by == cast.ada
    assert "no-store" in issued.headers["Cache-Control"]
    assert secret not in text_of(ada.get(f"/admin/accounts/apitoken/{token.pk}/change/"))
    assert payloads("token.issued")[-1]["account"] == cast.robot.pk

    ada.post("/admin/accounts/apitoken/", {"action": "revoke", "_selected_action": [str(token.pk)]})
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert len(payloads("token.revoked")) == 1


def test_no_token_of_a_person_is_issued_by_somebody_else(cast: Cast, as_: As) -> None:
    soon = entered("expires_at", datetime.now(UTC) + timedelta(days=30))
    fields = {"user": str(cast.ken.pk), "name": "for ken", "scopes": ["evidence:write"], **soon}

    assert as_("ada").post("/admin/accounts/apitoken/add/", fields).status_code == 200
    assert not ApiToken.objects.filter(name="for ken").exists()


def test_a_token_that_never_ends_is_not_issued(cast: Cast, as_: As) -> None:
    late = entered("expires_at", datetime.now(UTC) + timedelta(days=3650))
    fields = {"user": str(cast.robot.pk), "name": "forever", "scopes": ["read"], **late}

    assert "within two years" in text_of(as_("ada").post("/admin/accounts/apitoken/add/", fields))
    assert not ApiToken.objects.filter(name="forever").exists()


@pytest.mark.parametrize("since", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_a_moment_that_could_not_be_read_back_is_not_stored(cast: Cast, as_: As, since: str) -> None:
    fields = {"user": str(cast.otto.pk), "party": str(cast.it_service.pk), "role": "head", "since": since}

    assert "outside of 1900 to 2999" in text_of(as_("ada").post("/admin/accounts/membership/add/", fields))
    assert as_("ada").get("/admin/accounts/membership/").status_code == 200


def test_nobody_grants_roles_to_themselves(cast: Cast, as_: As) -> None:
    def granted(user: User) -> int:
        fields = {"user": str(user.pk), "party": str(cast.it_service.pk), "role": "head", **entered("since", NOW)}
        return as_("ada").post("/admin/accounts/membership/add/", fields).status_code

    assert (granted(cast.ada), granted(cast.robot), granted(cast.otto)) == (200, 200, 302)
    assert Membership.objects.get(user=cast.otto, role="head").party == cast.it_service


def test_nobody_stands_in_or_audits_by_an_own_grant(cast: Cast, as_: As) -> None:
    def granted(model: str, user: User) -> int:
        fields = {
            "user": str(user.pk),
            "deputy": str(user.pk),
            "principal": str(cast.ken.pk),
            "party": str(cast.it_service.pk),
            "institution": str(Party.objects.get(key="auditors").pk),
            "case_slug": "recurrence",
            "reason": "on leave",
            **entered("since", NOW),
            **entered("until", NOW + timedelta(days=10)),
        }
        return as_("ada").post(f"/admin/accounts/{model}/add/", fields).status_code

    assert [granted(model, cast.ada) for model in ("delegation", "engagement")] == [200, 200]
    assert [granted(model, cast.robot) for model in ("delegation", "engagement")] == [200, 200]
    assert [granted(model, cast.otto) for model in ("delegation", "engagement")] == [302, 302]


def test_nobody_prolongs_an_own_role(cast: Cast, as_: As) -> None:
    past = {"since": NOW - timedelta(days=9), "until": NOW - timedelta(days=1)}
    own, other = (
        Membership.objects.create(user=user, party=cast.it_service, role="approver", **past)
        for user in (cast.ada, cast.otto)
    )

    refused, prolonged = (
        as_("ada").post(f"/admin/accounts/membership/{role.pk}/change/", {"until": ""}) for role in (own, other)
    )

    assert "Another administrator grants you roles." in text_of(refused)
    assert prolonged.status_code == 302
    assert not cast.ada.access.approves


def test_a_renamed_party_keeps_its_old_name(cast: Cast, as_: As) -> None:
    party = cast.it_service
    inline = {"past_names-TOTAL_FORMS": "0", "past_names-INITIAL_FORMS": "0"}
    fields = {
        "kind": "department",
        "name_ja": "サービス運用部",
        "name_en": "Operations",
        "since": "1970-01-01",
        **inline,
    }

    response = as_("ada").post(f"/admin/accounts/party/{party.pk}/change/", {**fields, **inline, "key": "other"})

    assert response.status_code == 302
    found = Party.objects.get(pk=party.pk)
    assert (found.key, found.name_en) == ("it-service", "Operations")
    assert PastName.objects.get(party=party).name_en == "IT Service"


def test_changed_hours_settle_the_cases_that_count_in_them(cast: Cast, as_: As) -> None:
    Calendar.objects.create(key="office", opens="09:00", closes="17:00", days=Calendar.Days.BUSINESS)
    Criterion.objects.filter(node__key="E_1").update(calendar="office")
    ada = as_("ada")
    calendar = Calendar.objects.get()

    ada.post(
        f"/admin/calendars/calendar/{calendar.pk}/change/", {"opens": "08:00", "closes": "17:00", "days": "JP-business"}
    )
    ada.post("/admin/calendars/holiday/add/", {"day": "2026-12-30", "name_ja": "年末休業", "name_en": ""})

    assert list(SettlementRequest.objects.values_list("case", flat=True)) == [cast.case.pk] * 2


def test_an_engagement_names_a_case_that_is_there(cast: Cast, as_: As) -> None:
    fields = {
        "user": str(cast.rin.pk),
        "institution": str(Party.objects.get(key="auditors").pk),
        "purpose": "",
        **entered("since", NOW),
        **entered("until", NOW + timedelta(days=10)),
    }
    ada = as_("ada")

    unknown = ada.post("/admin/accounts/engagement/add/", {**fields, "case_slug": "nothing"})
    known = ada.post("/admin/accounts/engagement/add/", {**fields, "case_slug": "recurrence"})

    assert (unknown.status_code, known.status_code) == (200, 302)


def test_a_member_plans_a_drill_whose_rule_can_be_read(cast: Cast, as_: As) -> None:
    olga = as_("olga")
    fields = {
        "key": "day-failover",
        "title_ja": "日中の訓練",
        "kind": "functional",
        "artefact": str(cast.night_drills.pk),
        "department": str(cast.it_service.pk),
        "report_within": "P5D",
        "targets": "[]",
        "covers": "day",
        **entered("starts_at", NOW + timedelta(days=3)),
    }

    refused = olga.post("/admin/drills/drill/add/", {**fields, "recurrence": "FREQ=SECONDLY"})
    made = olga.post("/admin/drills/drill/add/", {**fields, "recurrence": "FREQ=WEEKLY"})

    assert (refused.status_code, made.status_code) == (200, 302)
    assert cast.drill.__class__.objects.get(key="day-failover").occurrences.count() > 3


def test_a_member_adds_a_monitor_and_mends_how_it_is_read(cast: Cast, as_: As) -> None:
    olga = as_("olga")
    kind = Kind.objects.create(key="monitor-log", name_ja="監視ログ", name_en="Monitor log", for_monitors=True)
    log = artefact("log", "監視ログ", kind, cast.it_service, cast.olga)
    fields = {
        "key": "night-log",
        "artefact": str(log.pk),
        "department": str(cast.it_service.pk),
        "source": "probe",
        "resolution_ms": "5000",
        "services": "[]",
        "bands": "night",
        "heartbeat_alerts": "Watchdog",
        "component_label": "component",
    }

    short = olga.post("/admin/drills/monitor/add/", {**fields, "services": '[{"service": "cash"}]'})
    other = olga.post("/admin/drills/monitor/add/", {**fields, "artefact": str(cast.night_drills.pk)})
    made = olga.post("/admin/drills/monitor/add/", fields)
    monitor = Monitor.objects.get()
    path = f"/admin/drills/monitor/{monitor.pk}/change/"
    mended = olga.post(path, {**fields, "key": "another", "resolution_ms": "60000"})
    monitor.refresh_from_db()

    assert (short.status_code, other.status_code, made.status_code, mended.status_code) == (200, 200, 302, 302)
    assert (monitor.key, monitor.artefact, monitor.resolution_ms) == ("night-log", log, 60000)
    assert as_("bo").get(path).status_code == 302
    assert payloads("monitor.added") == [{"key": "night-log", "by": cast.olga.pk}]


def test_a_filter_that_cannot_be_asked_for_is_refused(cast: Cast, as_: As) -> None:
    assert as_("olga").get("/admin/evidence/revision/?verdict__exact=%00").status_code == 400
    assert as_("ada").get("/admin/accounts/party/?kind__exact=%00").status_code == 400


@pytest.mark.parametrize("objectives", ['["\\u0000"]', '["\\ud800"]', "[NaN]", "[1e999]", "[" * 3000, "9" * 5000])
def test_json_that_cannot_be_stored_comes_back_with_a_sentence(cast: Cast, as_: As, objectives: str) -> None:
    fields = {"key": "fire", "title_en": "Fire", "objectives": objectives}

    response = as_("ada").post("/admin/drills/scenario/add/", fields)

    assert response.status_code == 200
    assert "Enter a valid JSON." in text_of(response)


def test_the_admin_speaks_japanese(cast: Cast, as_: As) -> None:
    page = text_of(as_("ada", "ja").get("/admin/accounts/membership/add/"))

    for word in ("役割", "部署・機関", "開始", "終了（この時点を含まない）", "人と役割"):
        assert word in page


def test_the_admin_leads_back_to_the_pages_once(cast: Cast, as_: As) -> None:
    page = text_of(as_("ada").get("/admin/"))

    assert "To the pages" in page
    assert "View site" not in page


KIND = {
    "key": "photo",
    "name_ja": "写真",
    "name_en": "Photograph",
    "retention": "P5Y",
    "retention_from": "validity_end",
    "retention_zone": "Asia/Tokyo",
    "retention_basis": "contract",
    "retention_text_ja": "保守契約第9条",
    "retention_text_en": "",
}


def test_administrators_say_how_long_a_kind_of_evidence_is_kept(cast: Cast, as_: As) -> None:
    assert as_("ada").post("/admin/evidence/kind/add/", KIND).status_code == 302

    made = Kind.objects.get(key="photo")
    assert (made.retention, made.retention_from, made.retention_text_ja) == ("P5Y", "validity_end", "保守契約第9条")


@pytest.mark.parametrize(
    "change",
    [{"retention_text_ja": ""}, {"retention": "5 years"}, {"retention_basis": "whim"}, {"retention_zone": "Mars"}],
    ids=str,
)
def test_a_retention_that_says_too_little_is_refused(cast: Cast, as_: As, change: dict[str, str]) -> None:
    response = as_("ada").post("/admin/evidence/kind/add/", {**KIND, **change})

    assert response.status_code == 200
    assert not Kind.objects.filter(key="photo").exists()


def test_what_was_submitted_is_kept_as_it_was_promised(cast: Cast, as_: As) -> None:
    found = submitted(cast.night_drills, cast.olga)
    kind = cast.kinds["drill-record"]
    shorter = {"name_ja": "訓練記録", "name_en": "Drill record", "retention": "P1D", "retention_from": "received"}

    response = as_("ada").post(f"/admin/evidence/kind/{kind.pk}/change/", {**KIND, **shorter})

    assert response.status_code == 302
    before = found.retain_until
    found.refresh_from_db()
    assert found.retain_until == before
    assert submitted(cast.night_drills, cast.olga, content=b"later").retention["floor"] == "P1D"
