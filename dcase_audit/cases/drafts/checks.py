"""Who may edit, which values a draft takes, and that nothing supports itself, through other cases either."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from dcase_audit.accounts.models import User
from dcase_audit.accounts.permissions import may_edit_case
from dcase_audit.calendars.models import Calendar
from dcase_audit.cases.graph import CriterionValue, find_circle
from dcase_audit.cases.interchange.members import Members
from dcase_audit.cases.interchange.parsed import CaseFileRefused, NotCarried
from dcase_audit.cases.interchange.reference import criteria, writing
from dcase_audit.cases.models import Case, Link, Node, NodeText
from dcase_audit.cases.words import LinkKind, NodeKind
from dcase_audit.errors import AuditError, Invalid, NotAllowed

# One lock for every draft that points at another case: two of them could close a circle that neither sees.
CROSSINGS = 0x6463617365


class NodeExists(AuditError):
    """The draft already has a node with this key, or the key was another kind's (409)."""

    slug = "node-exists"
    title = "The key is taken"


class NotInDraft(AuditError):
    """The node or link is not part of the draft (409)."""

    slug = "not-in-draft"
    title = "The draft does not hold it"


class CircularSupport(Invalid):
    """A node would support itself (422)."""

    slug = "circular-support"
    title = "Support would go round in a circle"


def open_draft(case: Case, actor: User | None, *, also: frozenset[int] = frozenset()) -> None:
    """Lock the draft until the transaction ends, for somebody who may edit it; None is an operator's command.

    ``also`` names the parties that count as accountable while the case has no node.

    Raises:
        NotAllowed: ``actor`` neither heads nor manages a party that is accountable for a node (403).
    """
    Case.objects.select_for_update().get(pk=case.pk)
    if actor is None:
        return
    held = NodeText.objects.filter(node__case=case, edition_until=None, accountable__isnull=False)
    accountable = frozenset(held.values_list("accountable_id", flat=True).distinct()) or also
    if not may_edit_case(actor.access, accountable_ids=accountable):
        raise NotAllowed(_("Heads and management of a party that is accountable in the case edit its draft."))


def checked_criterion(value: CriterionValue) -> CriterionValue:
    """Return the criterion if the import format would take it."""
    with _as_invalid():
        left: list[NotCarried] = []
        found = criteria.criterion(writing.criterion(value), "/criterion", left, _calendars())
        _refuse_unknown(left)
        return found


def checked_attributes(kind: NodeKind, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes if the import format would take them for a node of this kind."""
    with _as_invalid():
        members = Members(dict(attributes), "/attributes", [])
        found = criteria.attributes(members, kind, _calendars())
        members.close()
        _refuse_unknown(members.left)
        return found


def refuse_circles(case: Case) -> None:
    """Refuse a draft in which a node supports itself; what other cases have in force or in their drafts counts.

    Raises:
        CircularSupport: names the circle (422).
    """
    circle = find_circle(_edges(case))
    if circle is not None:
        nodes = Node.objects.select_related("case").in_bulk(circle)
        named = (
            nodes[pk].key if nodes[pk].case_id == case.pk else f"{nodes[pk].case.slug}/{nodes[pk]}" for pk in circle
        )
        raise CircularSupport(_("Support would go round in a circle: %(circle)s") % {"circle": " > ".join(named)})


def _edges(case: Case) -> dict[int, list[int]]:
    """Return what supports what in the draft and, from its externals on, in the cases that these point at."""
    edges: dict[int, list[int]] = {}
    links = Link.objects.in_draft().filter(case=case)
    texts = NodeText.objects.in_draft().filter(node__case=case)
    seen = {case.pk}
    while True:
        for source, target in links.filter(kind=LinkKind.SUPPORTED_BY).values_list("source_id", "target_id"):
            edges.setdefault(source, []).append(target)
        pointing = list(
            texts.filter(points_at__isnull=False).values_list("node_id", "points_at_id", "points_at__case_id")
        )
        if pointing and seen == {case.pk}:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CROSSINGS])
        for external, goal, _case in pointing:
            edges.setdefault(external, []).append(goal)
        further = {case_id for _external, _goal, case_id in pointing} - seen
        if not further:
            return edges
        seen |= further
        links = Link.objects.filter(case__in=further, edition_until=None)
        texts = NodeText.objects.filter(node__case__in=further, edition_until=None)


def _calendars() -> set[str]:
    return set(Calendar.objects.values_list("key", flat=True))


def _refuse_unknown(left: list[NotCarried]) -> None:
    if left:
        raise CaseFileRefused(f"{left[0].place}: {left[0].what}", pointer=left[0].place)


@contextmanager
def _as_invalid() -> Iterator[None]:
    """Answer for a value of a request what the importer says of the same value in a file."""
    try:
        yield
    except CaseFileRefused as refusal:
        raise Invalid(refusal.detail, pointer=refusal.pointer) from None
