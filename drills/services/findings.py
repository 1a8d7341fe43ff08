"""Findings are opened, and what is done about them is added and closed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import User
from dcase_audit.errors import Invalid, NotAllowed
from dcase_audit.notices.services import close_item
from dcase_audit.trail.events import Event, record, record_many
from drills.models import CorrectiveAction, Drill, DrillResult, Finding
from drills.results import Found
from evidence.models import Revision, Support
from evidence.reasons import short
from evidence.services import actions


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
        text=actions.said(text, "/text"),
        cause=actions.said(cause, "/cause", may_be_empty=True),
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
    _check_member(actor, finding.drill)
    about = _about(finding)
    actions.check_new(owner=owner, due_on=due_on, about=about, at=at)
    action = CorrectiveAction.objects.create(
        finding=finding, text=actions.said(text, "/text"), owner=owner, due_on=due_on, added_at=at, added_by=actor
    )
    record(
        "corrective_action.added",
        f"corrective_action:{action.pk}",
        finding=finding.pk,
        owner=owner.pk,
        due_on=due_on.isoformat(),
        by=actor.pk,
    )
    actions.tell(action, actions.ACTION_ITEM, key=item_key(action), about=about, at=at)
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
    cases = Support.objects.filter(artefact=drill.artefact_id).values_list("case", flat=True)
    if not actions.close(current, evidence=evidence, cases=cases, note=note, actor=actor, at=at):
        return False
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
        actions.tell(action, actions.OVERDUE_ITEM, key=item_key(action), about=_about(action.finding), at=at)
    return len(overdue)


def item_key(action: CorrectiveAction) -> str:
    """Return the key of the open item about an action that is not closed."""
    return f"{actions.ACTION_ITEM}:{action.pk}"


def _about(finding: Finding) -> actions.About:
    drill = finding.drill
    return actions.About(
        ja=f"訓練「{short(drill.title('ja'), 60)}」の指摘",
        en=f"finding of the drill “{short(drill.title('en'), 60)}”",
        href=f"/drills/findings/{finding.pk}/",
        department=drill.department,
        zone=ZoneInfo(drill.timezone),
    )


def _check_member(actor: User, drill: Drill) -> None:
    if not permissions.may_write_evidence(actor.access, custodian_id=drill.department_id):
        raise NotAllowed("This drill is another department's.")
