"""What keeps evidence: holds that are placed and released, and retentions that are only extended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import IntegrityError, transaction
from psycopg.errors import RestrictViolation, UniqueViolation

from dcase_audit.accounts.models import User
from dcase_audit.errors import Invalid
from dcase_audit.trail.events import record
from evidence.models import Artefact, HoldRelease, LegalHold, RetentionExtension, Revision
from evidence.refusals import NoLonger, NotSubmitted, OwnHold, Released
from evidence.services.custody import check_keeper
from evidence.services.disposal import stop_disposals
from evidence.services.locking import have_locked


@transaction.atomic
def place_hold(
    *, artefact: Artefact, revision: Revision | None = None, actor: User, at: datetime, reason: str
) -> LegalHold:
    """Keep a revision, or the artefact with all its revisions, until the hold is released by another person.

    It waits for a disposal that is being decided; one whose bytes are still there is stopped.

    Raises:
        NotYours: ``actor`` neither heads the department nor manages a case that it supports (403).
        Invalid: no reason, or the revision is another artefact's (422).
        NotSubmitted: the revision is a draft (409).
    """
    check_keeper(actor, artefact)
    if revision is not None and revision.artefact_id != artefact.pk:
        raise Invalid("The artefact has no such revision.", pointer="/revision")
    if revision is not None and not revision.is_submitted:
        raise NotSubmitted("a draft is held with its artefact", pointer="/revision")
    hold = LegalHold.objects.create(
        artefact=artefact, revision=revision, reason=_needed(reason), placed_by=actor, placed_at=at
    )
    held = Revision.objects.filter(artefact=artefact)
    stop_disposals(held.filter(pk=revision.pk) if revision is not None else held, at=at)
    record(
        "hold.placed",
        f"hold:{hold.pk}",
        artefact=artefact.key,
        revision=revision.number if revision is not None else None,
        reason=hold.reason,
    )
    have_locked(artefact.pk)
    return hold


def release_hold(*, hold: LegalHold, actor: User, at: datetime, reason: str) -> HoldRelease:
    """End a hold; the retention stays what it is. Repeating the call returns the release.

    Raises:
        NotYours: ``actor`` could not have placed it (403).
        OwnHold: ``actor`` placed it (409).
        Released: another person released it before (409).
        Invalid: no reason (422).
    """
    check_keeper(actor, hold.artefact)
    if hold.placed_by_id == actor.pk:
        raise OwnHold()
    try:
        with transaction.atomic():
            release = HoldRelease.objects.create(hold=hold, reason=_needed(reason), released_by=actor, released_at=at)
            record("hold.released", f"hold:{hold.pk}", artefact=hold.artefact.key, reason=release.reason)
            have_locked(hold.artefact_id, is_released=True)
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        before = HoldRelease.objects.get(hold=hold)
        if before.released_by_id != actor.pk:
            raise Released() from error
        return before
    return release


@transaction.atomic
def extend_retention(
    *,
    revision: Revision,
    until: datetime,
    basis: str,
    text_ja: str = "",
    text_en: str = "",
    actor: User,
    at: datetime,
) -> RetentionExtension:
    """Keep a submitted revision until ``until`` at least, and say by which law, contract or rule.

    A disposal whose bytes are still there is stopped.

    Raises:
        NotYours: ``actor`` neither heads the department nor manages a case that it supports (403).
        NotSubmitted: it is a draft, to which nothing is promised yet (409).
        NoLonger: it is kept that long already (409).
        Invalid: the basis is not said (422).
    """
    check_keeper(actor, revision.artefact)
    if not revision.is_submitted:
        raise NotSubmitted("a draft is promised nothing yet")
    if not (text_ja.strip() or text_en.strip()):
        raise Invalid("Say which law, contract or rule asks for it.", pointer="/text")
    with _only_longer():
        extension = RetentionExtension.objects.create(
            revision=revision,
            until=until,
            basis=basis,
            text_ja=text_ja.strip(),
            text_en=text_en.strip(),
            extended_by=actor,
            extended_at=at,
        )
    stop_disposals(Revision.objects.filter(pk=revision.pk), at=at)
    revision.refresh_from_db(fields=["retain_until"])
    extension.refresh_from_db(fields=["before"])
    have_locked(revision.artefact_id)
    record("retention.extended", f"revision:{revision.pk}", before=extension.before, until=until, basis=basis)
    return extension


@contextmanager
def _only_longer() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        cause = error.__cause__
        if isinstance(cause, RestrictViolation) and cause.diag.constraint_name == "extended":
            raise NoLonger() from error
        raise


def _needed(reason: str) -> str:
    if not reason.strip():
        raise Invalid("this wants a reason", pointer="/reason")
    return reason.strip()
