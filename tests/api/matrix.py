"""Who may do what: every call of the resolver beside every one of the cast, with the status that each gets.

A row is a method, a route as the resolver spells it, and one status for each column. Pages add their rows in a table of
their own; ``test_matrix`` fails for a call that no table names.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import get_resolver
from django.urls.resolvers import URLResolver

from dcase_audit.accounts.models import ApiToken
from dcase_audit.reports import services as reports
from dcase_audit.verification.models import Entry
from drills.models import DrillResult
from drills.monitors import native as monitor_events
from drills.services import add_action, open_finding, plan_window, propose_rule, receive, record_result
from evidence import services
from evidence.models import Revision
from tests.api.client import Api
from tests.cast import NOW, Cast, revision, submitted
from tests.drills.samples import native
from tests.missed import FIRST, SECOND, THIRD, missed_target
from tests.monitors.world import make_monitor

# Nobody, another department outside of the case, another department of the case, owner, approver, head, management,
# auditor, administrator, machine.
COLUMNS = ("", "otto", "bo", "olga", "ken", "hana", "miki", "rin", "ada", "robot")

Send = Callable[[Api, "Stage"], Any]


class Stage(NamedTuple):
    """The cast, and rows in every state that a call may be about."""

    cast: Cast
    draft: Revision
    waiting: Revision
    accepted: Revision
    refuting: Revision
    proposed: Revision
    result: int
    report: int
    hold: int
    event: int
    batch: int
    window: int
    rule: int
    finding: int
    action: int
    remedy: int
    occurrence: int

    @property
    def etags(self) -> dict[str, str]:
        """The ETags that somebody who may read would send; whoever may not read has guessed them."""
        hana = Api(self.cast.secrets["hana"])
        named = {"draft": self.draft, "waiting": self.waiting, "accepted": self.accepted}
        named |= {"refuting": self.refuting, "proposed": self.proposed}
        return {name: hana.get(f"revisions/{each.pk}").headers["ETag"] for name, each in named.items()}


def make_stage(cast: Cast) -> Stage:
    olga, ken, night = cast.olga, cast.ken, cast.night_drills
    accepted = submitted(night, olga, content=b"accepted")
    services.accept(revision=accepted, actor=ken, at=NOW)
    proposed = submitted(night, olga, content=b"proposed", verdict="refutes")
    services.propose_annulment(revision=proposed, actor=cast.hana, at=NOW, reason="試験環境の誤り")
    monitor = make_monitor(cast)
    sent = monitor_events.parse(b'[{"type":"heartbeat","at":"2026-11-20T05:00:00Z"}]', **MONITORED)
    batch = receive(
        monitor=monitor, actor=olga, at=NOW, through="session", format="native", sha256="0" * 64, read=sent
    ).batch
    assert batch is not None
    body = json.dumps(native()).encode()
    result = record_result(drill=cast.drill, actor=olga, at=NOW, data=body, name="r.json", through="session")
    finding = open_finding(drill=cast.drill, text="名簿が古い", actor=ken, at=NOW)
    action = add_action(finding=finding, text="直す", owner=olga, due_on=date(2026, 12, 4), actor=ken, at=NOW)
    return Stage(
        cast=cast,
        finding=finding.pk,
        action=action.pk,
        remedy=remedy_of(cast),
        occurrence=cast.drill.occurrences.filter(state="planned").latest("planned_at").pk,
        draft=revision(night, olga, content=b"draft"),
        waiting=submitted(night, olga, content=b"waiting"),
        accepted=accepted,
        refuting=submitted(night, olga, content=b"refuting", verdict="refutes"),
        proposed=proposed,
        result=result.pk,
        report=reports.order(case=cast.case, at=NOW, known=NOW, language="ja", actor=cast.miki, ordered_at=NOW).pk,
        hold=services.place_hold(artefact=night, actor=cast.hana, at=NOW, reason="照会への対応").pk,
        event=batch.events.get().pk,
        batch=batch.pk,
        window=plan_window(
            monitor=monitor,
            service="",
            start=NOW + timedelta(days=1),
            until=NOW + timedelta(days=2),
            reason="停電",
            actor=olga,
            at=NOW,
        ).pk,
        rule=propose_rule(
            drill=cast.drill, token=robots_token(cast), formats=["native"], reason="毎夜の自動訓練", actor=olga, at=NOW
        ).pk,
    )


def remedy_of(cast: Cast) -> int:
    """Return the action for the first of two missed weeks, which is Olga's."""
    return services.propose_remedy(
        node=missed_target(cast.case, cast.it_service),
        start=FIRST,
        until=SECOND,
        text="直す",
        owner=cast.olga,
        due_on=date(2026, 12, 4),
        actor=cast.ken,
        at=NOW,
    ).pk


def robots_token(cast: Cast) -> ApiToken:
    return cast.robot.api_tokens.get()


class Row(NamedTuple):
    """A call and what each column gets. ``send`` makes the request."""

    method: str
    route: str
    send: Send
    expected: tuple[int, ...]


def get(path: str) -> Send:
    return lambda api, stage: api.get(path.format(stage=stage))


def post(path: str, body: Any = None, **headers: str) -> Send:
    return lambda api, stage: api.post(path.format(stage=stage), body, **headers)


def put(path: str, body: Any) -> Send:
    return lambda api, stage: api.put(path, body)


def decide(which: str, action: str, body: Any = None) -> Send:
    def send(api: Api, stage: Stage) -> Any:
        etag = stage.etags[which]
        return api.post(f"revisions/{getattr(stage, which).pk}/{action}", body, If_Match=etag)

    return send


def add_revision(api: Api, stage: Stage) -> Any:
    file = SimpleUploadedFile("a.txt", b"new", "text/plain")
    return api.upload("artefacts/night-drills/revisions", {"file": file, "proves_until": "2026-11-19T17:00:00Z"})


def unlink(api: Api, stage: Stage) -> Any:
    named = {"case": "recurrence", "node": "E_1", "reason": "別の葉の証拠"}
    return api.delete("artefacts/night-drills/supports", named)


def file_of(api: Api, stage: Stage) -> Any:
    sha256 = stage.accepted.files.get().file.sha256
    return read(api.get(f"revisions/{stage.accepted.pk}/files/{sha256}"))


def receipt(api: Api, stage: Stage) -> Any:
    decision = stage.accepted.decisions.get(kind="accepted")
    return api.get(f"trail/receipts/{Entry.objects.get(object=f'evidence_decision/{decision.pk}').pk}")


def sign(role: str, statement: str = "") -> Send:
    def send(api: Api, stage: Stage) -> Any:
        sha256 = DrillResult.objects.get(pk=stage.result).raw.sha256
        signed = {"role": role, "sha256": sha256, "statement": statement}
        return api.post(f"drill-results/{stage.result}/sign-offs", signed)

    return send


def close_action(api: Api, stage: Stage) -> Any:
    closing = {"revision": stage.accepted.pk}
    return api.post(f"findings/{stage.finding}/actions/{stage.action}/close", closing)


def close_remedy(api: Api, stage: Stage) -> Any:
    return api.post(f"cases/recurrence/targets/C_9/actions/{stage.remedy}/close", {"revision": stage.accepted.pk})


def raw(api: Api, stage: Stage) -> Any:
    return read(api.get(f"drill-results/{stage.result}/raw"))


def propose(api: Api, stage: Stage) -> Any:
    body = {"token": robots_token(stage.cast).prefix, "formats": ["native"], "reason": "毎夜の自動訓練"}
    return api.post("drills/night-failover/rules", body)


def batch(api: Api, stage: Stage) -> Any:
    """Each may call it; each line is judged as a call of its own."""
    line = {"drill": "night-failover", "key": "k", "file": json.dumps(native())}
    return api.send("POST", "drill-results", json.dumps(line), content_type="application/x-ndjson")


def read(response: Any) -> Any:
    """Read what is streamed to its end, which closes it."""
    if response.streaming:
        list(response.streaming_content)
    return response


MONITORED: dict[str, Any] = {"media_type": monitor_events.LIST, "bands": (), "received_at": NOW}
WINDOW = {"from": "2026-12-01T00:00:00Z", "until": "2026-12-01T01:00:00Z", "reason": "定期点検"}
DOWN = [{"type": "down", "at": "2026-11-20T05:00:00Z", "component": "trading/2"}]
ALERTS = {"version": "4", "alerts": [{"labels": {"alertname": "Down"}, "startsAt": "2026-11-20T05:00:00Z"}]}
FOUND = {"text": "名簿が古い", "severity": "major"}
ACTION = {"text": "名簿を直す", "owner": "olga", "due_on": "2026-12-04"}
MISSED = {**ACTION, "from": SECOND.isoformat(), "until": THIRD.isoformat()}
RULE = {"kind": "rule", "key": "new", "title": {"ja": "規程"}, "custodian": "it-service"}
LINK = {"case": "recurrence", "node": "E_1"}
WHY = {"reason": "試験環境の誤り"}
LONGER = {"until": "2999-01-01T00:00:00Z", "basis": "contract", "text": {"ja": "保守契約"}}
REVISION = "api/v1/revisions/<id:pk>"
DRILL = "api/v1/drills/<key:key>"

#                     nobody otto  bo  olga ken  hana miki rin  ada  robot
EVERYBODY = (200, 200, 200, 200, 200, 200, 200, 200, 200, 200)
ANY_TOKEN = (401, 200, 200, 200, 200, 200, 200, 200, 200, 200)
READERS = (401, 200, 200, 200, 200, 200, 200, 200, 200, 403)
OF_THE_CASE = (401, 404, 200, 200, 200, 200, 200, 200, 404, 403)
OF_IT_SERVICE = (401, 404, 404, 200, 200, 200, 404, 200, 404, 403)
THE_DEPARTMENTS_OWN = (401, 404, 404, 200, 200, 200, 404, 404, 404, 403)
MEMBERS_MAKE = (401, 404, 404, 201, 201, 201, 404, 403, 404, 403)
# Miki does not see the evidence and answers for what it supports.
OF_WHOM_IT_CONCERNS = (401, 404, 404, 200, 200, 200, 200, 200, 404, 403)
MONITORS_SEND = (401, 404, 404, 201, 201, 201, 404, 404, 404, 201)
APPROVERS_DECIDE = (401, 404, 404, 403, 201, 201, 404, 403, 404, 403)

API_ROWS = [
    Row("GET", "api/v1/schema", get("schema"), EVERYBODY),
    Row("GET", "api/v1/me", get("me"), ANY_TOKEN),
    Row("GET", "api/v1/due", get("due"), READERS),
    Row("GET", "api/v1/cases/<key:slug>", get("cases/recurrence"), OF_THE_CASE),
    Row("GET", "api/v1/cases/<key:slug>/status", get("cases/recurrence/status"), OF_THE_CASE),
    Row("GET", "api/v1/cases/<key:slug>/forecast", get("cases/recurrence/forecast"), OF_THE_CASE),
    Row("GET", "api/v1/cases/<key:slug>/changes", get("cases/recurrence/changes"), OF_THE_CASE),
    Row(
        "GET",
        "api/v1/cases/<key:slug>/targets/<node:key>/actions",
        get("cases/recurrence/targets/C_9/actions"),
        OF_THE_CASE,
    ),
    Row(
        "POST",
        "api/v1/cases/<key:slug>/targets/<node:key>/actions",
        post("cases/recurrence/targets/C_9/actions", MISSED),
        (401, 404, 403, 201, 201, 201, 403, 403, 404, 403),
    ),
    Row(
        "GET",
        "api/v1/cases/<key:slug>/targets/<node:key>/actions/<id:action>",
        get("cases/recurrence/targets/C_9/actions/{stage.remedy}"),
        OF_THE_CASE,
    ),
    Row(
        "POST",
        "api/v1/cases/<key:slug>/targets/<node:key>/actions/<id:action>/close",
        close_remedy,
        (401, 404, 403, 403, 201, 201, 403, 403, 404, 403),
    ),
    Row(
        "GET",
        "api/v1/cases/<key:slug>/oscal/assessment-results",
        get("cases/recurrence/oscal/assessment-results"),
        OF_THE_CASE,
    ),
    Row(
        "GET", "api/v1/cases/<key:slug>/oscal/plan-of-action", get("cases/recurrence/oscal/plan-of-action"), OF_THE_CASE
    ),
    Row("GET", "api/v1/artefacts", get("artefacts"), READERS),
    Row("POST", "api/v1/artefacts", post("artefacts", RULE), (401, 403, 403, 201, 201, 201, 403, 403, 403, 403)),
    Row("GET", "api/v1/artefacts/<key:key>", get("artefacts/night-drills"), OF_IT_SERVICE),
    Row("POST", "api/v1/artefacts/<key:key>/revisions", add_revision, MEMBERS_MAKE),
    Row(
        "POST",
        "api/v1/artefacts/<key:key>/supports",
        post("artefacts/night-drills/supports", LINK),
        (401, 404, 404, 200, 200, 200, 404, 403, 404, 403),
    ),
    Row(
        "DELETE",
        "api/v1/artefacts/<key:key>/supports",
        unlink,
        (401, 404, 404, 200, 200, 200, 404, 403, 404, 403),
    ),
    Row("GET", REVISION, get("revisions/{stage.accepted.pk}"), OF_IT_SERVICE),
    Row("GET", REVISION, get("revisions/{stage.draft.pk}"), THE_DEPARTMENTS_OWN),
    Row("GET", f"{REVISION}/files/<sha256:sha256>", file_of, OF_IT_SERVICE),
    Row(
        "POST",
        f"{REVISION}/submit",
        decide("draft", "submit"),
        (401, 404, 404, 201, 201, 201, 404, 404, 404, 403),
    ),
    Row("POST", f"{REVISION}/accept", decide("waiting", "accept"), APPROVERS_DECIDE),
    Row("POST", f"{REVISION}/return", decide("waiting", "return", WHY), APPROVERS_DECIDE),
    Row("POST", f"{REVISION}/withdraw", decide("accepted", "withdraw", WHY), MEMBERS_MAKE),
    Row("POST", f"{REVISION}/void", decide("accepted", "void", WHY), APPROVERS_DECIDE),
    Row("POST", f"{REVISION}/propose-annulment", decide("refuting", "propose-annulment", WHY), APPROVERS_DECIDE),
    # Hana proposed it.
    Row(
        "POST",
        f"{REVISION}/annul",
        decide("proposed", "annul", WHY),
        (401, 404, 404, 403, 201, 409, 404, 403, 404, 403),
    ),
    Row(
        "POST",
        f"{REVISION}/extend-retention",
        post("revisions/{stage.accepted.pk}/extend-retention", LONGER),
        (401, 404, 404, 403, 403, 201, 404, 403, 404, 403),
    ),
    Row("GET", "api/v1/holds", get("holds"), READERS),
    Row("GET", "api/v1/holds/<id:pk>", get("holds/{stage.hold}"), OF_WHOM_IT_CONCERNS),
    Row(
        "POST",
        "api/v1/artefacts/<key:key>/holds",
        post("artefacts/night-drills/holds", WHY),
        (401, 404, 404, 403, 403, 201, 201, 403, 404, 403),
    ),
    # Hana placed it.
    Row(
        "POST",
        "api/v1/holds/<id:pk>/release",
        post("holds/{stage.hold}/release", WHY),
        (401, 404, 404, 403, 403, 409, 201, 403, 404, 403),
    ),
    Row(
        "PUT",
        "api/v1/subjects/<key:key>",
        put("subjects/failover-setting", {"version": "on"}),
        (401, 404, 404, 201, 201, 201, 404, 403, 404, 201),
    ),
    Row("GET", "api/v1/drills", get("drills"), READERS),
    Row("GET", "api/v1/drills/<key:key>", get("drills/night-failover"), OF_IT_SERVICE),
    Row(
        "POST",
        "api/v1/drills/<key:key>/results",
        post("drills/night-failover/results", native(), Idempotency_Key="k"),
        (401, 404, 404, 201, 201, 201, 404, 403, 404, 201),
    ),
    Row("GET", f"{DRILL}/rules", get("drills/night-failover/rules"), OF_IT_SERVICE),
    Row("GET", f"{DRILL}/rules/<id:pk>", get("drills/night-failover/rules/{stage.rule}"), OF_IT_SERVICE),
    Row("POST", f"{DRILL}/rules", propose, MEMBERS_MAKE),
    # Olga proposed it.
    Row(
        "POST",
        f"{DRILL}/rules/<id:pk>/publish",
        post("drills/night-failover/rules/{stage.rule}/publish", WHY),
        APPROVERS_DECIDE,
    ),
    Row(
        "POST",
        f"{DRILL}/rules/<id:pk>/end",
        post("drills/night-failover/rules/{stage.rule}/end", WHY),
        MEMBERS_MAKE,
    ),
    Row("GET", "api/v1/drill-formats", get("drill-formats"), ANY_TOKEN),
    Row("GET", "api/v1/drill-formats/native", get("drill-formats/native"), ANY_TOKEN),
    Row("POST", "api/v1/drill-results", batch, (401, 200, 200, 200, 200, 200, 200, 200, 200, 200)),
    Row("GET", "api/v1/drill-results/<id:pk>", get("drill-results/{stage.result}"), OF_IT_SERVICE),
    Row("GET", "api/v1/drill-results/<id:pk>/raw", raw, OF_IT_SERVICE),
    Row("GET", "api/v1/drill-results/<id:pk>/sign-offs", get("drill-results/{stage.result}/sign-offs"), OF_IT_SERVICE),
    Row("POST", "api/v1/drill-results/<id:pk>/sign-offs", sign("observer"), MEMBERS_MAKE),
    Row(
        "POST",
        "api/v1/drill-results/<id:pk>/sign-offs",
        sign("verifier", "実施部署と取引がない"),
        (401, 404, 404, 403, 403, 403, 404, 201, 404, 403),
    ),
    Row("GET", "api/v1/drills/<key:key>/findings", get("drills/night-failover/findings"), OF_IT_SERVICE),
    Row("POST", "api/v1/drills/<key:key>/findings", post("drills/night-failover/findings", FOUND), MEMBERS_MAKE),
    Row("GET", "api/v1/findings/<id:pk>", get("findings/{stage.finding}"), OF_IT_SERVICE),
    Row("POST", "api/v1/findings/<id:pk>/actions", post("findings/{stage.finding}/actions", ACTION), MEMBERS_MAKE),
    # The action is Olga's.
    Row(
        "POST",
        "api/v1/findings/<id:pk>/actions/<id:action>/close",
        close_action,
        (401, 404, 404, 409, 201, 201, 404, 403, 404, 403),
    ),
    Row(
        "POST",
        "api/v1/drills/<key:key>/occurrences/<id:pk>/cancel",
        post("drills/night-failover/occurrences/{stage.occurrence}/cancel", WHY),
        (401, 404, 404, 200, 200, 200, 404, 403, 404, 403),
    ),
    Row("GET", "api/v1/monitors/<key:key>", get("monitors/night-log"), THE_DEPARTMENTS_OWN),
    Row(
        "GET",
        "api/v1/monitors/<key:key>/availability",
        get("monitors/night-log/availability?from=2026-11-01T00:00:00Z&until=2026-12-01T00:00:00Z"),
        THE_DEPARTMENTS_OWN,
    ),
    Row("GET", "api/v1/monitors/<key:key>/windows", get("monitors/night-log/windows"), THE_DEPARTMENTS_OWN),
    Row(
        "GET",
        "api/v1/monitors/<key:key>/windows/<id:pk>",
        get("monitors/night-log/windows/{stage.window}"),
        THE_DEPARTMENTS_OWN,
    ),
    Row(
        "POST",
        "api/v1/monitors/<key:key>/windows",
        post("monitors/night-log/windows", WINDOW),
        (401, 404, 404, 201, 201, 201, 404, 404, 404, 403),
    ),
    # Olga proposed it.
    Row(
        "POST",
        "api/v1/monitors/<key:key>/windows/<id:pk>/approve",
        post("monitors/night-log/windows/{stage.window}/approve"),
        (401, 404, 404, 403, 201, 201, 404, 404, 404, 403),
    ),
    Row(
        "GET",
        "api/v1/monitors/<key:key>/events/<id:pk>",
        get("monitors/night-log/events/{stage.event}"),
        THE_DEPARTMENTS_OWN,
    ),
    Row(
        "GET",
        "api/v1/monitors/<key:key>/batches/<id:pk>",
        get("monitors/night-log/batches/{stage.batch}"),
        THE_DEPARTMENTS_OWN,
    ),
    Row(
        "POST",
        "api/v1/monitors/<key:key>/events",
        post("monitors/night-log/events", DOWN, Idempotency_Key="k"),
        MONITORS_SEND,
    ),
    Row(
        "POST", "api/v1/monitors/<key:key>/alertmanager", post("monitors/night-log/alertmanager", ALERTS), MONITORS_SEND
    ),
    # Tokens open nothing here: messages are signed.
    Row(
        "POST", "api/v1/monitors/<key:key>/webhooks/<id:pk>", post("monitors/night-log/webhooks/1", ALERTS), (401,) * 10
    ),
    Row(
        "POST",
        "api/v1/reports",
        post("reports", {"case": "recurrence"}),
        (401, 404, 202, 202, 202, 202, 202, 202, 403, 403),
    ),
    Row("GET", "api/v1/reports/<id:pk>", get("reports/{stage.report}"), OF_THE_CASE),
    # Miki ordered it, and it is not made yet.
    Row(
        "POST",
        "api/v1/reports/<id:pk>/cancel",
        post("reports/{stage.report}/cancel"),
        (401, 404, 403, 403, 403, 403, 200, 403, 404, 403),
    ),
    Row(
        "GET",
        "api/v1/reports/<id:pk>/file",
        get("reports/{stage.report}/file"),
        (401, 404, 409, 409, 409, 409, 409, 409, 404, 403),
    ),
    # Asked of a log that was sealed.
    Row("GET", "api/v1/trail/entries", get("trail/entries"), READERS),
    Row("GET", "api/v1/trail/proof", get("trail/proof?entry=0"), OF_THE_CASE),
    Row("GET", "api/v1/trail/consistency", get("trail/consistency?from=1"), (401, *[404] * 8, 403)),
    Row("GET", "api/v1/trail/receipts/<id:entry>", receipt, OF_IT_SERVICE),
]

OPERATIONS_ROWS = [
    Row("GET", "livez", get("/livez"), EVERYBODY),
    Row("GET", "readyz", get("/readyz"), EVERYBODY),
    # From this machine; from others see test_operations.
    Row("GET", "metrics", get("/metrics"), EVERYBODY),
    Row("GET", "problems/<slug:slug>", get("/problems/not-found"), EVERYBODY),
]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def calls() -> set[tuple[str, str]]:
    """Return every (method, route) that the resolver leads to; function views are asked by GET."""
    return {(method, route) for route, view in _routes(get_resolver()) for method in _methods(view)}


def _routes(resolver: URLResolver, prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += _routes(pattern, route)
        else:
            found.append((route, pattern.callback))
    return found


def _methods(view: Any) -> list[str]:
    kind = getattr(view, "view_class", None) or getattr(view, "cls", None)
    return ["GET"] if kind is None else [method for method in METHODS if hasattr(kind, method.lower())]
