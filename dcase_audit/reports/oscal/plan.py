"""A plan of action: the findings of drills and the missed periods of targets with what is done about them, and the
leaves that do not stand.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, time, timedelta

from django.db.models import Q

from dcase_audit.cases.presentation import Words
from dcase_audit.errors import NotFound
from dcase_audit.moments import say
from dcase_audit.reports.oscal.observations import observation, raw_of, visible_results
from dcase_audit.reports.oscal.standing import Order, finding_of, head, stand_of, supporting
from dcase_audit.reports.oscal.words import JSON, identity, line, listed, prop
from drills.findings import Standing, State, standings
from drills.models import Finding
from evidence.asof import NodeView
from evidence.models import Action, TargetRemedy
from evidence.querysets import shown_evidence

STATUSES = {
    State.OPEN: "open",
    State.ACTING: "remediating",
    State.OVERDUE: "remediating",
    State.AWAITS_RETEST: "remediating",
    State.CLOSED: "closed",
    State.ANNULLED: "closed",
}
UUIDS = "http://ietf.org/rfc/rfc4122"
FAILED = Words("訓練が不合格になった", "The drill failed")
MISSED = Words(
    "目標 {0} の期間（{1} から {2} の前日まで）の未達",
    "Target {0} was missed in the period from {1} to the day before {2}",
)


def plan_of_action(order: Order) -> JSON:
    """Return the document: an item for each finding of a drill and each action about a target that is open or of the
    period, and for each leaf that does not stand.

    Raises:
        NotFound: there is nothing to be done, which OSCAL has no document for (404).
    """
    stand, found = stand_of(order), _findings(order)
    leaves = [finding_of(order, stand, node, []) for node in stand.status.nodes if _is_failing_leaf(node)]
    remedies = _remedies(order)
    if not (found or remedies or leaves):
        raise NotFound("There is nothing to be done: every leaf stands, and no finding is open.")
    wanted = [one.finding.result_id for one in found if one.finding.result_id]
    results = list(visible_results(order).filter(pk__in=wanted))
    return {
        "plan-of-action-and-milestones": {
            "uuid": identity(order.name + "/plan-of-action"),
            "metadata": head(order, stand),
            "system-id": {
                "identifier-type": "http://ietf.org/rfc/rfc4122",
                "id": identity(f"/cases/{order.case.slug}"),
            },
            **listed("observations", [observation(row, order.language) for row in results]),
            **listed(
                "risks", [*(_risk(one, order) for one in found), *(_risk_of_target(one, order) for one in remedies)]
            ),
            **listed("findings", leaves),
            "poam-items": [
                *(_of_finding(one, order) for one in found),
                *(_of_remedy(one, order) for one in remedies),
                *(_of_leaf(each, order) for each in leaves),
            ],
            **({"back-matter": {"resources": [raw_of(row) for row in results]}} if results else {}),
        }
    }


def _findings(order: Order) -> list[Standing]:
    rows = Finding.objects.visible_to(order.user).filter(drill__artefact__in=supporting(order).values("artefact"))
    rows = rows.filter(opened_at__lte=order.at).whole().order_by("opened_at", "pk")
    found = standings(rows, at=order.at)
    return [one for one in found if one.finding.opened_at >= order.since or STATUSES[one.state] != "closed"]


def _remedies(order: Order) -> list[TargetRemedy]:
    rows = TargetRemedy.objects.visible_to(order.user).filter(node__case=order.case, added_at__lte=order.at)
    rows = rows.filter(Q(added_at__gte=order.since) | Q(closed_at=None) | Q(closed_at__gt=order.at))
    return list(
        rows.select_related("node__case", "owner", "closed_by", "evidence__artefact").order_by("added_at", "pk")
    )


def _is_failing_leaf(node: NodeView) -> bool:
    """Tell whether a node does not stand for a reason of its own, and not for what is below it."""
    return node.stands is False and all("reason" in reason for reason in node.because)


def _of_finding(one: Standing, order: Order) -> JSON:
    finding = one.finding
    observed = [{"observation-uuid": identity(f"/drill-results/{finding.result_id}")}] if finding.result_id else []
    return {
        "uuid": identity(f"{order.name}/items/findings/{finding.pk}"),
        "title": _title(finding, order),
        "description": _text(finding, order),
        "related-risks": [{"risk-uuid": identity(f"/findings/{finding.pk}")}],
        **listed("related-observations", observed),
    }


def _of_remedy(one: TargetRemedy, order: Order) -> JSON:
    return {
        "uuid": identity(f"{order.name}/items/target-remedies/{one.pk}"),
        "title": _missed(one, order),
        "description": _missed(one, order),
        "related-risks": [{"risk-uuid": identity(f"/target-remedies/{one.pk}/risk")}],
    }


def _of_leaf(finding: JSON, order: Order) -> JSON:
    return {
        "uuid": identity(f"{order.name}/items/nodes/{finding['target']['title']}"),
        "title": finding["title"],
        "description": finding["description"],
        "related-findings": [{"finding-uuid": finding["uuid"]}],
    }


def _risk(one: Standing, order: Order) -> JSON:
    """Return the finding of a drill as what it puts at risk; its actions, as remediations."""
    finding = one.finding
    actions = [action for action in finding.actions.all() if action.added_at <= order.at]
    return {
        "uuid": identity(f"/findings/{finding.pk}"),
        "title": _title(finding, order),
        "description": _text(finding, order),
        "statement": finding.cause or _text(finding, order),
        "props": [prop("state", one.state.value), prop("severity", finding.severity), prop("drill", finding.drill.key)],
        "status": STATUSES[one.state],
        **_done(actions, "/corrective-actions", order),
    }


def _risk_of_target(one: TargetRemedy, order: Order) -> JSON:
    """Return the missed period of a target as what it puts at risk."""
    return {
        "uuid": identity(f"/target-remedies/{one.pk}/risk"),
        "title": _missed(one, order),
        "description": _missed(one, order),
        "statement": _missed(one, order),
        "props": [prop("target", one.node.key)],
        "status": "closed" if one.is_closed(at=order.at) else "remediating",
        **_done([one], "/target-remedies", order),
    }


def _done(actions: Sequence[Action], where: str, order: Order) -> JSON:
    """Return what is done about a risk, and by when the last of it is due."""
    awaited = [action for action in actions if not action.is_closed(at=order.at)]
    seen = shown_evidence(actions, order.user)
    found = listed("remediations", [_remediation(action, where, order, seen) for action in actions])
    if awaited:
        found["deadline"] = say(max(_end_of_day(action) for action in awaited))
    return found


def _remediation(action: Action, where: str, order: Order, seen: Collection[int]) -> JSON:
    closed = action.is_closed(at=order.at)
    props = [prop("owner", action.owner.username), prop("due-on", action.due_on.isoformat())]
    if closed and action.closed_at is not None and action.closed_by is not None and action.evidence is not None:
        props += [prop("closed", say(action.closed_at)), prop("closed-by", action.closed_by.username)]
        if action.evidence_id in seen:
            props += [prop("evidence", f"{action.evidence.artefact.key}#{action.evidence.number}")]
    return {
        "uuid": identity(f"{where}/{action.pk}"),
        "lifecycle": "completed" if closed else "planned",
        "title": line(action.text[:200], str(action.pk)),
        "description": action.text,
        "props": props,
    }


def _end_of_day(action: Action) -> datetime:
    """Return when the day on which the action is due ends in its zone."""
    return datetime.combine(action.due_on + timedelta(days=1), time(), action.zone)


def _missed(one: TargetRemedy, order: Order) -> str:
    zone = one.node.case.zone
    days = [f"{moment.astimezone(zone).date()}" for moment in (one.start, one.until)]
    return MISSED.into(order.language).format(one.node.key, *days)


def _title(finding: Finding, order: Order) -> str:
    return line(f"{finding.drill.title(order.language)}: {_text(finding, order)}"[:200], finding.drill.key)


def _text(finding: Finding, order: Order) -> str:
    return finding.text or FAILED.into(order.language)
