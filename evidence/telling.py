"""Tell people what their leaves need: status changes become open items, and so do submissions that wait."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from dcase_audit.accounts.models import Party, User
from dcase_audit.cases.models import Case, Link, Node, NodeText, StatusChange
from dcase_audit.cases.presentation import status_word
from dcase_audit.cases.words import LEAF_KINDS, LinkKind, NodeKind, Status
from dcase_audit.notices.models import OpenItem
from dcase_audit.notices.services import Opening, close_each, close_items, open_items, open_new
from dcase_audit.trail.events import record
from evidence import reasons
from evidence.models import Artefact, Revision, Support, Told

log = logging.getLogger(__name__)

# A submission that waits is the approvers' item and not the owner's; "undeveloped" is said by the case itself.
CALLS_FOR_ACTION = frozenset({Status.REFUTED, Status.MISSING, Status.EXPIRED, Status.STALE, Status.EXPIRING})
# The status of a context is that of the leaf derived from it.
TOLD = [*LEAF_KINDS, NodeKind.CONTEXT]


class Leaf(NamedTuple):
    """A leaf whose status changed, as the edition in force words it, and whose it is."""

    change: StatusChange
    text: NodeText
    party: Party
    owner: User | None


@transaction.atomic
def tell(case_id: int, *, at: datetime) -> None:
    """Open, update and close the items of the case's leaves by the status changes that nobody was told of yet.

    Of several changes of a leaf the last one counts. Repeating the call changes nothing; two at once wait for each
    other.
    """
    case = Case.objects.get(pk=case_id)
    Told.objects.get_or_create(case=case)
    told = Told.objects.select_for_update(no_key=True).get(case=case)
    changes = _unread(case, after=told.change_id)
    leaves = _leaves(case, [change for change in changes if change.after in CALLS_FOR_ACTION])
    opened = open_items(_openings(case, leaves), at=at)
    settled = {change.node_id for change in changes if change.after not in CALLS_FOR_ACTION} | _retired(case)
    closed = close_items([leaf_key(node_id) for node_id in sorted(settled)], at=at)
    if changes:
        told.change_id = max(change.pk for change in changes)
        told.save(update_fields=["change_id"])
    if opened or closed:
        named = {"opened": sorted(opened), "closed": sorted(item.key for item in closed)}
        record("leaves.told", f"case:{case.pk}", up_to=told.change_id, **named)


def open_waiting(revisions: Sequence[Revision], *, by: User | None, at: datetime) -> list[OpenItem]:
    """Tell the approvers, but for ``by``, who submitted them, that the revisions wait for their decision."""
    return open_new([_waiting(revision, by) for revision in revisions], at=at)


def _waiting(revision: Revision, by: User | None) -> Opening:
    artefact = revision.artefact
    by_ja, by_en = (by.name("ja"), by.name("en")) if by else ("システム", "the system")
    title_ja, title_en = reasons.short(artefact.title("ja"), 100), reasons.short(artefact.title("en"), 100)
    return Opening(
        key=waiting_key(revision.pk),
        kind="waiting",
        text_ja=f"承認待ち:「{title_ja}」第{revision.number}版（{by_ja}が提出）",
        text_en=f"Awaiting a decision: “{title_en}”, revision {revision.number} (submitted by {by_en})",
        href=f"/revisions/{revision.pk}",
        party=artefact.custodian,
        role=OpenItem.Role.APPROVER,
        not_to=by,
    )


def close_waiting(revisions: Sequence[Revision], *, at: datetime) -> list[OpenItem]:
    """Close what ``open_waiting`` opened, as far as it is open, and return it: somebody decided."""
    return close_each([waiting_key(revision.pk) for revision in revisions], at=at)


def leaf_key(node_id: int) -> str:
    """Return the key of a leaf's open item."""
    return f"leaf:{node_id}"


def waiting_key(revision_id: int) -> str:
    """Return the key of the open item of a revision that waits for a decision."""
    return f"waiting:{revision_id}"


def _unread(case: Case, *, after: int) -> list[StatusChange]:
    """Return the last unread change of each leaf. A case's changes are numbered in the order of its settlements."""
    changes = StatusChange.objects.filter(case=case, pk__gt=after, node__kind__in=TOLD)
    return list(changes.order_by("node_id", "-pk").distinct("node_id").select_related("node"))


def _retired(case: Case) -> set[int]:
    """Return the leaves that the edition in force no longer has."""
    in_force = NodeText.objects.in_force().filter(node=OuterRef("pk"))
    targets = in_force.exclude(attributes__targets=None)
    leaves = Node.objects.filter(
        Q(~Exists(in_force), kind__in=LEAF_KINDS) | Q(~Exists(targets), kind=NodeKind.CONTEXT), case=case
    )
    return set(leaves.values_list("pk", flat=True))


def _leaves(case: Case, changes: list[StatusChange]) -> list[Leaf]:
    """Return the leaves of the changes; without those that nobody holds, which is logged."""
    if not changes:
        return []
    nodes = [change.node_id for change in changes]
    texts = NodeText.objects.in_force().filter(node__in=nodes).select_related("custodian", "accountable")
    text_of: dict[int, NodeText] = {text.node_id: text for text in texts}
    holder_of = {node: text.custodian or text.accountable for node, text in text_of.items()}
    unheld = [node for node, holder in holder_of.items() if holder is None]
    holder_of |= _holders_above(case, unheld) if unheld else {}
    owners = _owners(nodes)
    leaves = []
    for change in changes:
        text, party = text_of.get(change.node_id), holder_of.get(change.node_id)
        if text is not None and party is not None:
            leaves.append(Leaf(change, text, party, owners.get(change.node_id)))
        elif text is not None:
            log.warning("nobody holds %s of %s, nor anything above it", change.node.key, case.slug)
    return leaves


def _owners(nodes: Collection[int]) -> dict[int, User]:
    """Return who owns what is linked to each leaf, where that is one person."""
    found: dict[int, dict[int, User]] = defaultdict(dict)
    linked = Support.objects.open().filter(node__in=nodes, artefact__owner__isnull=False)
    for support in linked.select_related("artefact__owner"):
        if support.artefact.owner is not None:
            found[support.node_id][support.artefact.owner.pk] = support.artefact.owner
    return {node: next(iter(people.values())) for node, people in found.items() if len(people) == 1}


def _holders_above(case: Case, nodes: Iterable[int]) -> dict[int, Party | None]:
    """Return who answers for the nearest node above each: what nobody holds is its parent's."""
    texts = NodeText.objects.in_force().filter(node__case=case, accountable__isnull=False)
    accountable = {text.node_id: text.accountable for text in texts.select_related("accountable")}
    above: dict[int, list[int]] = defaultdict(list)
    links = Link.objects.in_force().filter(case=case, kind=LinkKind.SUPPORTED_BY)
    for source, target in links.order_by("position").values_list("source_id", "target_id"):
        above[target].append(source)
    found: dict[int, Party | None] = {}
    for node in nodes:
        level, passed = [node], {node}
        while level and node not in found:
            level = list(dict.fromkeys(up for down in level for up in above[down] if up not in passed))
            passed.update(level)
            held = [accountable[up] for up in level if up in accountable]
            if held:
                found[node] = held[0]
    return found


def _openings(case: Case, leaves: list[Leaf]) -> list[Opening]:
    named = {reason["artefact"] for leaf in leaves for reason in leaf.change.because if "artefact" in reason}
    artefacts = Artefact.objects.in_bulk(named) if named else {}
    return [_opening(case, leaf, artefacts) for leaf in leaves]


def _opening(case: Case, leaf: Leaf, artefacts: dict[int, Artefact]) -> Opening:
    change, node = leaf.change, leaf.change.node
    status = Status(change.after)
    why = reasons.deciding(change.because, status)
    since = change.effective_at.astimezone(case.zone).date()
    since_ja, since_en = (reasons.day(since, language) for language in ("ja", "en"))
    claim_ja, claim_en = (reasons.short(leaf.text.statement(language), 60) for language in ("ja", "en"))
    why_ja, why_en = (reasons.in_words(why, artefacts, case, language) for language in ("ja", "en"))
    return Opening(
        key=leaf_key(node.pk),
        kind=status.word,
        text_ja=f"{node.judged_key}「{claim_ja}」: {status_word(status, 'ja')}（{since_ja}から）。{why_ja}",
        text_en=f"{node.judged_key} “{claim_en}”: {status_word(status, 'en')} (since {since_en}). {why_en}",
        href=f"/cases/{case.slug}/nodes/{node.judged_key}",
        party=leaf.party,
        owner=leaf.owner,
        due_on=reasons.ends_on(why, case.zone) if status is Status.EXPIRING else None,
    )
