"""Links of a draft, in the order in which the author wants them read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from dcase_audit.accounts.models import User
from dcase_audit.cases.drafts.checks import NotInDraft, open_draft, refuse_circles
from dcase_audit.cases.models import Link, Node, NodeText
from dcase_audit.cases.staging import LINKS, Subject, stage
from dcase_audit.cases.words import LinkKind
from dcase_audit.errors import Invalid
from dcase_audit.trail import events


@transaction.atomic
def add_link(
    *, source: Node, target: Node, kind: str, actor: User | None, at: datetime, index: int | None = None
) -> None:
    """Link two nodes of the draft; ``index`` is the link's place among those of ``source``, the last if not given.

    A link that is there is moved to ``index``, or stays where it is.

    Raises:
        NotAllowed: ``actor`` may not edit the case (403).
        NotInDraft: the draft does not hold both nodes (409).
        Invalid: they are one node, of two cases, or the kind does not exist (422). CircularSupport (422).
    """
    open_draft(source.case, actor)
    if kind not in list(LinkKind):
        raise Invalid(_("There is no such kind of link."), pointer="/kind")
    if source.pk == target.pk or source.case_id != target.case_id:
        raise Invalid(_("A link joins two nodes of one case."), pointer="/target")
    ends = NodeText.objects.in_draft().filter(node__in=[source, target])
    if ends.count() != 2:
        raise NotInDraft(_("The draft does not hold both nodes."))
    subject = (source.pk, target.pk, kind)
    rows = list(Link.objects.filter(source=source, edition_until=None).order_by("position", "pk"))
    order = [LINKS.subject(row) for row in rows if not row.leaves_draft]
    if subject in order and index is None:
        return
    order = [other for other in order if other != subject]
    order.insert(len(order) if index is None else max(index, 0), subject)
    if _place(source, order, rows):
        refuse_circles(source.case)
        _record("link.added", source, target, kind, at)


@transaction.atomic
def remove_link(*, source: Node, target: Node, kind: str, actor: User | None, at: datetime) -> None:
    """Take a link out of the draft.

    Raises:
        NotAllowed: ``actor`` may not edit the case (403).
        NotInDraft: the draft does not hold the link (409).
    """
    open_draft(source.case, actor)
    rows = list(Link.objects.filter(source=source, target=target, kind=kind, edition_until=None))
    if all(row.leaves_draft for row in rows):
        raise NotInDraft(_("The draft does not hold the link."))
    stage(LINKS, rows, {(source.pk, target.pk, kind): None})
    _record("link.removed", source, target, kind, at)


def places(order: Iterable[Subject], rows: Iterable[Link]) -> dict[Subject, int]:
    """Return a rising position for each link of ``order``: that of its present row where it can be kept.

    What is in force counts before the draft, so that an order that is put back leaves no change behind.
    """
    present = {LINKS.subject(row): row.position for row in sorted(rows, key=lambda row: row.edition_from is not None)}
    found: dict[Subject, int] = {}
    last = -1
    for subject in order:
        last = found[subject] = max(present.get(subject, 0), last + 1)
    return found


def link_row(case_id: int, subject: Subject, position: int) -> Link:
    """Return the row of a draft for a link."""
    return Link(case_id=case_id, **dict(zip(LINKS.about, subject, strict=True)), position=position)


def _place(source: Node, order: list[Subject], rows: list[Link]) -> bool:
    wanted = {subject: link_row(source.case_id, subject, place) for subject, place in places(order, rows).items()}
    return stage(LINKS, rows, wanted)


def _record(event: str, source: Node, target: Node, kind: str, at: datetime) -> None:
    ends = {"source": source.key, "target": target.key}
    events.record(event, f"node:{source.pk}", case=source.case.slug, link=kind, **ends, at=at)
