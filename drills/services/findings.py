"""Findings are opened, and what is done about them is added and closed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef

from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import User
from dcase_audit.errors import AuditError, Invalid, NotAllowed
from dcase_audit.notices.audience import may_be_told
from dcase_audit.notices.services import close_item, open_item
from dcase_audit.trail.events import Event, record, record_many
from drills.models import CorrectiveAction, Drill, DrillResult, Finding
from drills.results import Found
from evidence.models import Decision, Revision, Support
from evidence.reasons import short

ACTION_ITEM, OVERDUE_ITEM = "corrective-action", "corrective-action-overdue"
WORDS = {
    ACTION_ITEM: ("是正処置", "Corrective action"),
    OVERDUE_ITEM: ("是正処置が期限を過ぎています", "Corrective action overdue"),
}
LONGEST = 4000


class OwnAction(AuditError):
    """Who carried an action out does not say that it is done (409)."""

    slug = "own-action"
    title = "This action is yours: somebody else closes it"


class ActionClosed(AuditError):
    """It was closed before, by another person or on other evidence (409)."""

    slug = "action-closed"
    title = "This action is closed already"


def open_by_rule(results: Iterable[DrillResult], *, at: datetime) -> None:
    """Open the findings of failed results, but where the same record has opened one. Part of ``record_results``."""
    failed = {(one.drill_id, one.raw_id): one for one in results if one.verdict == DrillResult.Verdict.FAILED}
    if not failed:
        return
    # Whoever sends the same record at this moment opens it for both.
    Finding.objects.bulk_create(
        [
            Finding(
                drill=one.drill,
                result=one,
                raw=one.raw,
                severity=Finding.Severity.MAJOR,
                opened_at=at,
                opened_by=None,
            )
            for one in failed.values()
        ],
        ignore_conflicts=True,
    )
    opened = Finding.objects.filter(result__in=failed.values(), opened_by=None).order_by("pk").select_related("drill")
    record_many(
        [
            Event(
                "finding.opened",
                f"finding:{one.pk}",
                {"drill": one.drill.key, "result": one.result_id, "by_rule": True},
            )
            for one in opened
        ]
    )


def open_from_record(found: Sequence[tuple[DrillResult, Sequence[Found]]], *, actor: User, at: datetime) -> None:
    """Open what those who held the drills found, unless the same record came before. Part of ``record_results``,

    which holds the artefacts' locks: nobody takes in the same record beside it.
    """
    results = [result for result, said in found if said]
    if not results:
        return
    before = set(
        DrillResult.objects.filter(drill__in={one.drill_id for one in results}, raw__in={one.raw_id for one in results})
        .exclude(pk__in=[one.pk for one in results])
        .values_list("drill_id", "raw_id")
    )
    new = [(result, said) for result, said in found if said and (result.drill_id, result.raw_id) not in before]
    opened = Finding.objects.bulk_create(
        Finding(drill=result.drill, result=result, opened_at=at, opened_by=actor, **one._asdict())
        for result, said in new
        for one in said
    )
    numbers: dict[int, list[int]] = defaultdict(list)
    for one in opened:
        numbers[one.result_id or 0].append(one.pk)
    record_many(
        [
            Event(
                "findings.opened",
                f"drill_result:{result.pk}",
                {"drill": result.drill.key, "by": actor.pk, "findings": numbers[result.pk]},
            )
            for result, _ in new
        ]
    )


@transaction.atomic
def open_finding(
    *,
    drill: Drill,
    text: str,
    severity: str = Finding.Severity.MINOR,
    cause: str = "",
    result: DrillResult | None = None,
    actor: User,
    at: datetime,
) -> Finding:
    """Open a finding about a drill, or about one of its results.

    Raises:
        NotAllowed: ``actor`` is no member of the drill's department (403).
        Invalid: no text, too much of it, no such severity, or another drill's result (422).
    """
    _check_member(actor, drill)
    if severity not in Finding.Severity.values:
        raise Invalid("There is no such severity.", pointer="/severity")
    if result is not None and result.drill_id != drill.pk:
        raise Invalid("The drill has no such result.", pointer="/result")
    found = Finding.objects.create(
        drill=drill,
        result=result,
        severity=severity,
        text=_said(text, "/text"),
        cause=_said(cause, "/cause", may_be_empty=True),
        opened_at=at,
        opened_by=actor,
    )
    record("finding.opened", f"finding:{found.pk}", drill=drill.key, by=actor.pk, severity=severity)
    return found


@transaction.atomic
def add_action(
    *, finding: Finding, text: str, owner: User, due_on: date, actor: User, at: datetime
) -> CorrectiveAction:
    """Say what is done about a finding, by whom and until when; its owner is told of it and reminded.

    Raises:
        NotAllowed: ``actor`` is no member of the drill's department (403).
        Invalid: no text; a day that has passed; an owner who has left or could not act on it (422).
    """
    drill = finding.drill
    _check_member(actor, drill)
    if due_on < at.astimezone(ZoneInfo(drill.timezone)).date():
        raise Invalid("This day has passed.", pointer="/due_on")
    may_act = permissions.may_write_evidence(owner.access, custodian_id=drill.department_id)
    if not (may_be_told(owner) and may_act):
        raise Invalid("The owner is a person of the drill's department.", pointer="/owner")
    action = CorrectiveAction.objects.create(
        finding=finding, text=_said(text, "/text"), owner=owner, due_on=due_on, added_at=at, added_by=actor
    )
    record(
        "corrective_action.added",
        f"corrective_action:{action.pk}",
        finding=finding.pk,
        owner=owner.pk,
        due_on=due_on.isoformat(),
        by=actor.pk,
    )
    _tell(action, ACTION_ITEM, at=at)
    return action


@transaction.atomic
def close_action(*, action: CorrectiveAction, evidence: Revision, note: str = "", actor: User, at: datetime) -> bool:
    """Close an action on evidence of the case that it was carried out; False where the same was said before.

    Raises:
        NotAllowed: ``actor`` is no member of the drill's department (403).
        OwnAction: ``actor`` owns the action (409).
        ActionClosed: it was closed by somebody else, or on other evidence (409).
        Invalid: the revision is not accepted, speaks against the claim, or is of no case that the drill serves (422).
    """
    current = CorrectiveAction.objects.select_for_update(of=("self",), no_key=True).get(pk=action.pk)
    drill = current.finding.drill
    _check_member(actor, drill)
    if current.closed_at is not None:
        if (current.closed_by_id, current.evidence_id) == (actor.pk, evidence.pk):
            return False
        raise ActionClosed
    if current.owner_id == actor.pk:
        raise OwnAction
    _check_evidence(evidence, drill)
    current.closed_at, current.closed_by, current.evidence = at, actor, evidence
    current.closing_note = _said(note, "/note", may_be_empty=True)
    current.save(update_fields=["closed_at", "closed_by", "evidence", "closing_note"])
    record(
        "corrective_action.closed",
        f"corrective_action:{current.pk}",
        finding=current.finding_id,
        by=actor.pk,
        evidence=evidence.pk,
    )
    close_item(key=item_key(current), at=at)
    return True


def tell_overdue(*, at: datetime) -> int:
    """Tell whose they are, and then whoever stands above, of actions that are not closed in time. Safe to repeat."""
    overdue = CorrectiveAction.objects.overdue(at=at).select_related("owner", "finding__drill__department")
    for action in overdue:
        _tell(action, OVERDUE_ITEM, at=at)
    return len(overdue)


def item_key(action: CorrectiveAction) -> str:
    """Return the key of the open item about an action that is not closed."""
    return f"{ACTION_ITEM}:{action.pk}"


def _tell(action: CorrectiveAction, kind: str, *, at: datetime) -> None:
    drill = action.finding.drill
    ja, en = WORDS[kind]
    text = short(action.text, 80)
    open_item(
        key=item_key(action),
        kind=kind,
        text_ja=f"{ja}:「{text}」（訓練「{short(drill.title('ja'), 60)}」の指摘）",
        text_en=f"{en}: “{text}” (finding of the drill “{short(drill.title('en'), 60)}”)",
        href=f"/drills/findings/{action.finding_id}/",
        party=drill.department,
        owner=action.owner,
        due_on=action.due_on,
        at=at,
    )


def _check_member(actor: User, drill: Drill) -> None:
    if not permissions.may_write_evidence(actor.access, custodian_id=drill.department_id):
        raise NotAllowed("This drill is another department's.")


def _check_evidence(revision: Revision, drill: Drill) -> None:
    """Refuse what is not accepted, what refutes, and what supports no case that the drill serves."""
    decided = {decision.kind for decision in revision.decisions.all()}
    gone = {Decision.Kind.WITHDRAWN, Decision.Kind.VOIDED}
    if Decision.Kind.ACCEPTED not in decided or decided & gone or revision.verdict != Revision.Verdict.SUPPORTS:
        raise Invalid("An accepted revision that supports is needed.", pointer="/revision")
    served = Support.objects.filter(artefact=drill.artefact_id, case=OuterRef("case"))
    if not Support.objects.filter(Exists(served), artefact=revision.artefact_id).exists():
        raise Invalid("This revision is evidence of no case that the drill serves.", pointer="/revision")


def _said(text: str, pointer: str, *, may_be_empty: bool = False) -> str:
    text = text.strip()
    if len(text) > LONGEST or not (text or may_be_empty):
        raise Invalid(f"A text of at most {LONGEST} characters is needed.", pointer=pointer)
    return text
