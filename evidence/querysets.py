"""Questions an auditor asks of evidence; each method chains with the others, and ``visible_to`` is the only door."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q

if TYPE_CHECKING:
    from dcase_audit.accounts.models import User
    from evidence.models import (
        Action,
        Artefact,
        Decision,
        Disposal,
        LegalHold,
        Revision,
        StoredFile,
        Subject,
        Support,
        TargetRemedy,
    )

# Days begin at most 14 hours early.
EASTMOST = timedelta(hours=14)


class ArtefactQuerySet(models.QuerySet["Artefact"]):
    def visible_to(self, user: User) -> Self:
        """Keep artefacts of the user's departments, and those that ever supported a case the user audits."""
        from evidence.models import Support

        access = user.access
        own = Q(custodian__in=list(access.departments))
        if not access.audits:
            return self.filter(own)
        audited = Support.objects.filter(artefact=OuterRef("pk"), case__slug__in=list(access.audits))
        return self.filter(own | Exists(audited))

    def answered_for_by(self, user: User) -> Self:
        """Keep the artefacts that the user may hold, keep longer or dispose of: of the departments that the user heads,
        and for management those that ever supported a case in which it is accountable for a node.
        """
        from evidence.models import Support

        access = user.access
        headed = Q(custodian__in=list(access.heads))
        if not access.manages:
            return self.filter(headed)
        managed = Support.objects.filter(artefact=OuterRef("pk"), case__nodes__texts__in=_accountable(access.manages))
        return self.filter(headed | Exists(managed))

    def known_to(self, user: User) -> Self:
        """Keep the artefacts that the user sees, and those that the user answers for without seeing them."""
        from evidence.models import Artefact

        seen, mine = Artefact.objects.visible_to(user), Artefact.objects.answered_for_by(user)
        return self.filter(Q(pk__in=seen) | Q(pk__in=mine))

    def with_hold(self) -> Self:
        """Add ``is_held``: whether a hold is open on the artefact or one of its revisions."""
        from evidence.models import LegalHold

        return self.annotate(is_held=Exists(LegalHold.objects.open().filter(artefact=OuterRef("pk"))))

    def in_custody_of(self, party_ids: frozenset[int]) -> Self:
        """Keep artefacts that one of the parties keeps."""
        return self.filter(custodian__in=list(party_ids))

    def in_standing(self, status: str, *, at: datetime) -> Self:
        """Keep artefacts whose standing reads ``status`` at ``at`` (see ``Standing``)."""
        if status == "expired":
            return self.filter(standing__state="supported", standing__due_at__lte=at)
        if status == "expiring":
            return self.filter(standing__state="supported", standing__warn_at__lte=at, standing__due_at__gt=at)
        if status == "supported":
            return self.filter(standing__state="supported", standing__warn_at__gt=at)
        return self.filter(standing__state=status)

    def matching(self, text: str) -> Self:
        """Keep artefacts whose titles or key hold ``text``, whatever its width and case."""
        return self.filter(search__contains=unicodedata.normalize("NFKC", text.lower()))


class RevisionQuerySet(models.QuerySet["Revision"]):
    def visible_to(self, user: User) -> Self:
        """Keep revisions of visible artefacts; what is not submitted yet is seen by its department alone."""
        from evidence.models import Artefact

        seen = self.filter(artefact__in=Artefact.objects.visible_to(user))
        return seen.filter(Q(submitted_at__isnull=False) | Q(artefact__custodian__in=list(user.access.departments)))

    def with_kept_until(self) -> Self:
        """Add ``kept_until``: when the retention of a submitted revision ends; FAR while it is valid without end.

        The database works it out, and refuses by the same.
        """
        kept = Func(F("pk"), function="evidence_kept_until", output_field=models.DateTimeField(null=True))
        return self.annotate(kept_until=kept)

    def submitted(self) -> Self:
        """Keep what has left its author's hands."""
        return self.filter(submitted_at__isnull=False)

    def accepted(self, *, at: datetime) -> Self:
        """Keep revisions accepted by ``at`` and neither withdrawn, voided nor annulled by then."""
        from evidence.models import Decision

        taken = Decision.objects.filter(revision=OuterRef("pk"), effective_at__lte=at)
        gone = taken.filter(kind__in=["withdrawn", "voided", "annulled"])
        return self.filter(Exists(taken.filter(kind="accepted")), ~Exists(gone))

    def in_force(self, *, at: datetime) -> Self:
        """Keep accepted revisions whose own validity contains ``at`` (end excluded)."""
        begun = Q(valid_from=None) | Q(valid_from__lte=at)
        return self.accepted(at=at).filter(begun).filter(Q(valid_until=None) | Q(valid_until__gt=at))

    def waiting(self) -> Self:
        """Keep supporting revisions that were submitted and await a decision; counter-evidence waits for nobody."""
        from evidence.models import Decision

        decided = Decision.objects.filter(revision=OuterRef("pk")).exclude(kind="submitted")
        return self.submitted().filter(~Exists(decided), verdict="supports")


class DecisionQuerySet(models.QuerySet["Decision"]):
    def visible_to(self, user: User) -> Self:
        from evidence.models import Revision

        return self.filter(revision__in=Revision.objects.visible_to(user))


def _accountable(party_ids: frozenset[int]) -> Any:
    """Return the texts of nodes for which one of the parties is accountable, in force or in the draft."""
    from dcase_audit.cases.models import NodeText

    return NodeText.objects.filter(accountable__in=list(party_ids), edition_until=None)


class StoredFileQuerySet(models.QuerySet["StoredFile"]):
    def visible_to(self, user: User) -> Self:
        """Keep files that are part of a visible revision."""
        from evidence.models import Revision

        return self.filter(Exists(Revision.objects.visible_to(user).filter(files__file=OuterRef("pk"))))


class LegalHoldQuerySet(models.QuerySet["LegalHold"]):
    def visible_to(self, user: User) -> Self:
        """Keep holds on artefacts that the user sees or answers for."""
        from evidence.models import Artefact

        return self.filter(artefact__in=Artefact.objects.known_to(user))

    def open(self) -> Self:
        """Keep holds that were not released."""
        return self.filter(release=None)

    def on(self, revision: Revision) -> Self:
        """Keep the open holds that keep the revision: its own, and those of its whole artefact."""
        mine = Q(revision=None) | Q(revision=revision)
        return self.open().filter(mine, artefact=revision.artefact_id)


class DisposalQuerySet(models.QuerySet["Disposal"]):
    def standing(self) -> Self:
        """Keep the disposals of files that are gone, or on their way out."""
        return self.filter(stopped_at=None, restored_at=None)


class SupportQuerySet(models.QuerySet["Support"]):
    def visible_to(self, user: User) -> Self:
        from evidence.models import Artefact

        return self.filter(artefact__in=Artefact.objects.visible_to(user))

    def open(self) -> Self:
        """Keep links that were not taken back."""
        return self.filter(unlinked_at=None)

    def label_texts(self, user: User, language: str) -> dict[str, str]:
        """Return what the keys of the evidence are called in the cases that it supports, of those the user sees."""
        from dcase_audit.cases.models import Case

        return Case.objects.visible_to(user).filter(pk__in=self.order_by().values("case")).label_texts(language)


class SubjectQuerySet(models.QuerySet["Subject"]):
    def visible_to(self, user: User) -> Self:
        """Keep subjects of the user's departments, and for auditors those that a case in scope names."""
        from dcase_audit.cases.models import Criterion

        access = user.access
        own = Q(department__in=list(access.departments))
        if not access.audits:
            return self.filter(own)
        named = Criterion.objects.in_force().filter(node__case__slug__in=list(access.audits))
        return self.filter(own | Exists(named.filter(subjects__contains=[OuterRef("key")])))


def shown_evidence(actions: Iterable[Action], user: User) -> set[int]:
    """Return which of the revisions that actions were closed on the user may see; nothing else of one is shown."""
    from evidence.models import Revision

    closed_on = [action.evidence_id for action in actions if action.evidence_id is not None]
    return set(Revision.objects.visible_to(user).filter(pk__in=closed_on).values_list("pk", flat=True))


class TargetRemedyQuerySet(models.QuerySet["TargetRemedy"]):
    def visible_to(self, user: User) -> Self:
        from dcase_audit.cases.models import Node

        return self.filter(node__in=Node.objects.visible_to(user))

    def overdue(self, *, at: datetime) -> Self:
        """Keep actions that are not closed though their day, in the zone of the case, is over."""
        awaited = self.filter(closed_at=None)
        rows = awaited.filter(due_on__lt=(at + EASTMOST).date()).select_related("node__case")
        return awaited.filter(pk__in=[row.pk for row in rows if row.is_overdue(today=at.astimezone(row.zone).date())])
