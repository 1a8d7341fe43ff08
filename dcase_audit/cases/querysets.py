from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from dcase_audit.cases.labels import in_language
from dcase_audit.cases.words import TARGET_PREFIX

if TYPE_CHECKING:
    from dcase_audit.accounts.models import User
    from dcase_audit.cases.models import Case, Node, StatusChange


class CaseQuerySet(models.QuerySet["Case"]):
    def visible_to(self, user: User) -> Self:
        """Keep the cases that the user's parties hold a node of, and those the user is engaged to audit."""
        from dcase_audit.cases.models import NodeText

        access = user.access
        held = Exists(NodeText.objects.filter(node__case=OuterRef("pk")).held_by(access.parties))
        scope = Q(slug__in=access.audits)
        return self.filter(scope | held if access.parties else scope)

    def label_texts(self, language: str) -> dict[str, str]:
        """Return what keys are called in these cases; where two differ, the older case's word."""
        found: dict[str, str] = {}
        for labels in self.order_by("-pk").values_list("labels", flat=True):
            found |= in_language(labels, language)
        return found


class NodeQuerySet(models.QuerySet["Node"]):
    def visible_to(self, user: User) -> Self:
        """Keep the nodes of the cases that the user sees: of a case, all nodes are seen."""
        from dcase_audit.cases.models import Case

        return self.filter(case__in=Case.objects.visible_to(user))


class EditionedQuerySet(models.QuerySet[Any]):
    """Which rows say what: the edition in force, a past one, or the draft."""

    def in_force(self) -> Self:
        """Keep the rows of each case's latest edition."""
        return self.filter(edition_from__isnull=False, edition_until=None)

    def of_edition(self, number: int) -> Self:
        """Keep the rows that were in force under the edition ``number``."""
        return self.filter(edition_from__lte=number).filter(Q(edition_until=None) | Q(edition_until__gt=number))

    def in_draft(self) -> Self:
        """Keep the rows that the next edition would hold."""
        return self.filter(edition_until=None, leaves_draft=False)

    def held_by(self, party_ids: frozenset[int]) -> Self:
        """Keep texts, in force or in the draft, that name one of the parties as accountable, custodian or verifier."""
        ids = list(party_ids)
        holders = Q(accountable__in=ids) | Q(custodian__in=ids) | Q(verifier__in=ids)
        return self.filter(holders, edition_until=None)


class StatusChangeQuerySet(models.QuerySet["StatusChange"]):
    def visible_to(self, user: User) -> Self:
        from dcase_audit.cases.models import Case

        return self.filter(case__in=Case.objects.visible_to(user))

    def shown_at(self, *, at: datetime) -> Self:
        """Keep each node's last change that was effective at ``at``: what was shown then."""
        return self.filter(effective_at__lte=at).order_by("node_id", "-effective_at").distinct("node_id")

    def of_node(self, key: str) -> Self:
        """Keep the changes of what is called ``key``: a node, or the leaf derived from a context."""
        return self.filter(node__key=key.removeprefix(TARGET_PREFIX))
