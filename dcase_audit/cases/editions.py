"""Editions: consent to a draft, and put it into force for good. Source: ADR 0004."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from dcase_audit import clock
from dcase_audit.accounts.models import Party, User
from dcase_audit.accounts.permissions import may_consent
from dcase_audit.cases import grammar
from dcase_audit.cases.changes import Changes
from dcase_audit.cases.document import digest, document
from dcase_audit.cases.drafts import open_draft
from dcase_audit.cases.graph import Graph, load
from dcase_audit.cases.loosening import loosened
from dcase_audit.cases.models import Case, Consent, Criterion, Edition, Link, NodeText
from dcase_audit.errors import AuditError, Invalid, NotAllowed
from dcase_audit.trail import events

PROFILE = "lenient"


class NothingChanged(AuditError):
    """The draft says what the edition in force says (409)."""

    slug = "nothing-changed"
    title = "The draft changes nothing"


class GrammarErrors(Invalid):
    """The draft is no well-formed case (422); ``findings`` says why."""

    slug = "grammar-errors"
    title = "The draft breaks the grammar"

    def __init__(self, findings: list[grammar.Finding]) -> None:
        super().__init__("; ".join(f"{found.code}: {found.message_en}" for found in findings[:20]))
        self.findings = findings


class ConsentsMissing(AuditError):
    """Parties whose nodes the draft touches have not consented to it (409); ``parties`` names them."""

    slug = "consents-missing"
    title = "Consents are missing"

    def __init__(self, parties: list[Party]) -> None:
        names = ", ".join(str(party) for party in parties)
        super().__init__(_("Not yet consented: %(parties)s") % {"parties": names})
        self.parties = parties


class NotConcerned(AuditError):
    """The draft touches no node of the party (409)."""

    slug = "not-concerned"
    title = "The draft touches nothing that the party holds"


@dataclass(frozen=True)
class Published:
    """What a publication did: the ids of the nodes that are not what they were, and which of them came and went."""

    edition: Edition
    touched: frozenset[int]
    added: frozenset[int]
    retired: frozenset[int]


@transaction.atomic
def consent(case: Case, party: Party, *, actor: User, at: datetime) -> Consent:
    """Record that a party agrees to the draft as it is now; any later edit asks for its consent anew.

    Repeating the call returns the consent already given.

    Raises:
        NotAllowed: ``actor`` is neither approver, head nor management of the party (403).
        NotConcerned: the draft touches no node of the party (409).
    """
    if not may_consent(actor.access, party_id=party.pk):
        raise NotAllowed(_("Approvers, heads and management consent for their party."))
    Case.objects.select_for_update().get(pk=case.pk)
    changes = _changes(case)
    if party not in _concerned(case, changes, at):
        raise NotConcerned
    draft = digest(document(changes.after))
    given, created = Consent.objects.get_or_create(
        case=case, party=party, draft_sha256=draft, defaults={"by": actor, "at": at}
    )
    if created:
        events.record("draft.consented", f"case:{case.pk}", slug=case.slug, party=party.key, draft_sha256=draft, at=at)
    return given


def missing_consents(case: Case, *, at: datetime | None = None) -> list[Party]:
    """Return the parties whose consent a person would still need to publish the draft, in the order of their keys.

    Asked is every party that holds a node that the draft touches, before or after it; in the place of one that has
    been closed, its successor.
    """
    return _missing(case, _changes(case), at or clock.now())


@transaction.atomic
def publish(case: Case, *, actor: User | None, moment: datetime) -> Published:
    """Put the draft into force at ``moment`` as the case's next edition, within the caller's transaction.

    The first edition needs no consents if the demo or an operator's command (``actor`` None) publishes it: nobody has a
    standing in the case before.

    Raises:
        NotAllowed: ``actor`` may not edit the case (403).
        NothingChanged, ConsentsMissing (409). GrammarErrors (422).
    """
    open_draft(case, actor)
    changes = _changes(case)
    if not changes.any:
        raise NothingChanged
    if errors := grammar.errors(grammar.check(changes.after, PROFILE)):
        raise GrammarErrors(errors)
    first = changes.after.edition == 1
    if not (first and (actor is None or case.is_demo)) and (missing := _missing(case, changes, moment)):
        raise ConsentsMissing(missing)
    _flip(case, changes.after.edition)
    return _published(case, changes, actor, moment)


def _changes(case: Case) -> Changes:
    return Changes(load(case), load(case, "draft"))


def _concerned(case: Case, changes: Changes, at: datetime) -> list[Party]:
    """Return the parties whose consent the draft needs."""
    parties = Party.objects.filter(key__in=changes.holders).select_related("successor")
    day = at.astimezone(case.zone).date()
    found = {asked.pk: asked for party in parties if (asked := _in_office(party, day)) is not None}
    return sorted(found.values(), key=lambda party: party.key)


def _in_office(party: Party, day: date) -> Party | None:
    """Return the party, or who followed it if it was closed by then; None if nobody did."""
    seen = set()
    asked: Party | None = party
    while asked is not None and asked.until is not None and asked.until <= day and asked.pk not in seen:
        seen.add(asked.pk)
        asked = asked.successor
    return asked


def _missing(case: Case, changes: Changes, at: datetime) -> list[Party]:
    draft = digest(document(changes.after))
    given = set(Consent.objects.filter(case=case, draft_sha256=draft).values_list("party_id", flat=True))
    return [party for party in _concerned(case, changes, at) if party.pk not in given]


def _flip(case: Case, number: int) -> None:
    """End the rows that leave, then put the rows of the draft into force."""
    for model, of_case in ((NodeText, "node__case"), (Criterion, "node__case"), (Link, "case")):
        rows: Any = model.objects.filter(**{of_case: case}, edition_until=None)
        rows.filter(edition_from__isnull=False, leaves_draft=True).update(edition_until=number)
        rows.filter(edition_from=None).update(edition_from=number)


def _published(case: Case, changes: Changes, actor: User | None, moment: datetime) -> Published:
    text = document(load(case, changes.after.edition))
    edition = Edition.objects.create(
        case=case,
        number=changes.after.edition,
        document=text,
        sha256=digest(text),
        published_at=moment,
        published_by=actor,
        loosened=loosened(changes) if changes.before.edition else [],
    )
    events.record(
        "edition.published",
        f"edition:{edition.pk}",
        case=case.slug,
        number=edition.number,
        sha256=edition.sha256,
        added=changes.added,
        retired=changes.retired,
        loosened=len(edition.loosened),
        at=moment,
    )
    return Published(
        edition,
        touched=_ids(changes.touched, changes.before, changes.after),
        added=_ids(changes.added, changes.after),
        retired=_ids(changes.retired, changes.before),
    )


def _ids(keys: Iterable[str], *graphs: Graph) -> frozenset[int]:
    found = (graph.by_key[key].id for key in keys for graph in graphs if key in graph.by_key)
    return frozenset(pk for pk in found if pk is not None)
