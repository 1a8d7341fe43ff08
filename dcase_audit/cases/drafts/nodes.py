"""Nodes of a draft: add, change what they say, set what a leaf asks for, retire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from dcase_audit.accounts.models import Party, User
from dcase_audit.cases.drafts.checks import (
    NodeExists,
    NotInDraft,
    checked_attributes,
    checked_criterion,
    open_draft,
    refuse_circles,
)
from dcase_audit.cases.graph import CriterionValue
from dcase_audit.cases.interchange.members import NODE_KEY_PATTERN, UNPRINTABLE
from dcase_audit.cases.models import Case, Criterion, Link, Node, NodeText
from dcase_audit.cases.staging import CRITERIA, LINKS, TEXTS, stage
from dcase_audit.cases.words import STATED_KINDS, NodeKind
from dcase_audit.errors import Invalid
from dcase_audit.trail import events

LONGEST_STATEMENT = 4000


class TextChanges(TypedDict, total=False):
    """What a draft may say anew of a node; what is left out stays as it is."""

    statement_ja: str
    statement_en: str
    accountable: Party | None
    custodian: Party | None
    verifier: Party | None
    support_rule: str
    undeveloped: bool
    attributes: Mapping[str, Any]
    points_at: Node | None


@transaction.atomic
def add_node(*, case: Case, key: str, kind: str, actor: User | None, at: datetime, **text: Unpack[TextChanges]) -> Node:
    """Add a node to the draft; one that was retired under this key comes back to life.

    Raises:
        NotAllowed: ``actor`` may not edit the case (403).
        NodeExists: the draft has the key, or it was a node of another kind (409).
        Invalid: key, kind or text are not in order (422).
    """
    accountable = text.get("accountable")
    open_draft(case, actor, also=frozenset({accountable.pk} if accountable else ()))
    if len(key) > 60 or not NODE_KEY_PATTERN.fullmatch(key):
        raise Invalid(
            _("A key has up to 60 letters, digits and _ . : - and does not begin with target:"), pointer="/key"
        )
    if kind not in STATED_KINDS:
        raise Invalid(_("There is no such kind of node."), pointer="/kind")
    node = case.nodes.filter(key=key).first()
    if node is None:
        last = case.nodes.aggregate(Max("position"))["position__max"]
        node = Node.objects.create(case=case, key=key, kind=kind, position=0 if last is None else last + 1)
    elif node.kind != kind or node.texts.in_draft().exists():
        raise NodeExists(_("The key %(key)s is taken.") % {"key": key})
    _say(node, _changed(NodeText(node=node), text))
    events.record("node.added", f"node:{node.pk}", case=case.slug, key=key, type=kind, at=at)
    return node


@transaction.atomic
def change_text(*, node: Node, actor: User | None, at: datetime, **changes: Unpack[TextChanges]) -> None:
    """Change what the draft says of a node; what says again what is in force leaves the draft as it was.

    Raises:
        NotAllowed: ``actor`` may not edit the case (403).
        NotInDraft: the draft does not hold the node (409).
        Invalid: a value is not in order (422). CircularSupport: the goal pointed at rests on this node (422).
    """
    open_draft(node.case, actor)
    if _say(node, _changed(_text_of(node), changes)):
        events.record(
            "node.changed", f"node:{node.pk}", case=node.case.slug, key=node.key, fields=sorted(changes), at=at
        )


@transaction.atomic
def set_criterion(*, node: Node, criterion: CriterionValue | None, actor: User | None, at: datetime) -> None:
    """Set what a leaf asks of its evidence; with None it asks what every leaf without a criterion does.

    Raises:
        NotAllowed: ``actor`` may not edit the case (403).
        NotInDraft: the draft does not hold the node (409).
        Invalid: the node is no leaf, or a value is not in order (422).
    """
    open_draft(node.case, actor)
    _text_of(node)
    if not node.is_leaf:
        raise Invalid(_("Only evidence and monitors have a criterion."), pointer="/criterion")
    row = criterion_row(node.pk, checked_criterion(criterion)) if criterion is not None else None
    if stage(CRITERIA, Criterion.objects.filter(node=node, edition_until=None), {(node.pk,): row}):
        events.record("criterion.set", f"node:{node.pk}", case=node.case.slug, key=node.key, at=at)


@transaction.atomic
def retire_node(*, node: Node, actor: User | None, at: datetime) -> None:
    """Take a node out of the draft with its criterion and its links; what it had below stays.

    Raises:
        NotAllowed: ``actor`` may not edit the case (403).
        NotInDraft: the draft does not hold the node (409).
    """
    open_draft(node.case, actor)
    _text_of(node)
    links = Link.objects.filter(Q(source=node) | Q(target=node), edition_until=None)
    stage(LINKS, links, {LINKS.subject(link): None for link in links})
    stage(CRITERIA, Criterion.objects.filter(node=node, edition_until=None), {(node.pk,): None})
    stage(TEXTS, NodeText.objects.filter(node=node, edition_until=None), {(node.pk,): None})
    events.record("node.retired", f"node:{node.pk}", case=node.case.slug, key=node.key, at=at)


def criterion_row(node_id: int, value: CriterionValue) -> Criterion:
    """Return the row of a draft for a criterion that was checked."""
    return Criterion(
        node_id=node_id,
        kinds=list(value.kinds),
        minimum=value.minimum,
        must_cover=list(value.must_cover),
        max_age=value.max_age,
        warn_before=value.warn_before,
        silence=value.silence,
        calendar=value.calendar,
        subjects=list(value.subjects),
        targets=[dict(target) for target in value.targets],
        refuted_when=value.refuted_when,
    )


def _text_of(node: Node) -> NodeText:
    text: NodeText | None = node.texts.in_draft().first()
    if text is None:
        raise NotInDraft(_("The draft does not hold %(key)s.") % {"key": node.key})
    return text


def _changed(text: NodeText, changes: TextChanges) -> NodeText:
    new = NodeText(node=text.node, **{name: getattr(text, name) for name in TEXTS.says})
    for name, value in changes.items():
        setattr(new, name, value)
    for name in ("statement_ja", "statement_en"):
        statement = getattr(new, name)
        if len(statement) > LONGEST_STATEMENT or UNPRINTABLE.search(statement):
            raise Invalid(_("The statement is too long or holds a control character."), pointer=f"/{name}")
    if not new.statement_ja.strip() and not new.statement_en.strip():
        raise Invalid(_("The statement is missing."), pointer="/statement_ja")
    if new.support_rule not in NodeText.SupportRule.values:
        raise Invalid(_("The support rule is all or any."), pointer="/support_rule")
    new.attributes = checked_attributes(NodeKind(text.node.kind), new.attributes)
    _check_goal(new)
    return new


def _check_goal(text: NodeText) -> None:
    goal = text.points_at
    if goal is None:
        return
    if text.node.kind != NodeKind.EXTERNAL:
        raise Invalid(_("Only an external node points at another case."), pointer="/points_at")
    present = goal.texts.filter(edition_until=None).exists()
    if goal.case_id == text.node.case_id or goal.kind != NodeKind.GOAL or not present:
        raise Invalid(_("An external node points at a goal of another case."), pointer="/points_at")


def _say(node: Node, text: NodeText) -> bool:
    changed = stage(TEXTS, NodeText.objects.filter(node=node, edition_until=None), {(node.pk,): text})
    if changed and text.points_at_id is not None:
        refuse_circles(node.case)
    return changed
