"""Publishing: the draft becomes the edition in force, and the whole case is evaluated under it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from dcase_audit.accounts.models import User
from dcase_audit.cases import editions
from dcase_audit.cases.models import Case, Criterion, Edition, NodeText, Settlement, SettlementRequest
from dcase_audit.cases.status import RULES_VERSION
from evidence import statuses
from evidence.models import Subject
from evidence.services.hearing import refresh_tolerances
from evidence.settling import settling


@transaction.atomic
def publish_edition(*, case: Case, actor: User | None, at: datetime) -> Edition:
    """Put the draft in force and evaluate the whole case under it.

    Raises:
        NotYours, and what ``cases.editions.publish`` refuses: grammar errors, missing consents, nothing to publish.
    """
    Case.objects.select_for_update(no_key=True).get(pk=case.pk)
    Settlement.objects.get_or_create(
        case=case, defaults={"settled_at": case.created_at, "rules_version": RULES_VERSION}
    )
    _lock_subjects_of(case)
    with settling(at=at, cause="edition.published", cases=[case.pk]) as work:
        published = editions.publish(case, actor=actor, moment=work.moment)
        refresh_tolerances(case)
        statuses.settle_case(case.pk, moment=work.moment, cause=f"edition.published:{published.edition.number}")
        _look_again(case, work.moment)
    return published.edition


def _look_again(case: Case, moment: datetime) -> None:
    """Ask the sweep to settle a case that points at others once more, when its edition is there for them to see.

    A goal that changes while the edition is being published knows of nobody to ask for.
    """
    if NodeText.objects.in_force().filter(node__case=case, points_at__isnull=False).exists():
        SettlementRequest.objects.create(case=case, at=moment)


def _lock_subjects_of(case: Case) -> None:
    """Lock the subjects that any criterion of the case names, so that no version is recorded past the new edition."""
    named = {
        key for keys in Criterion.objects.filter(node__case=case).values_list("subjects", flat=True) for key in keys
    }
    list(Subject.objects.select_for_update(no_key=True).filter(key__in=named).order_by("pk").values_list("pk"))
