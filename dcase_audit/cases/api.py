"""A case as it is in force: its nodes, what they ask for, and how they are linked."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit.api_schema import Shape, described
from dcase_audit.api_views import ApiView, find
from dcase_audit.cases import graph
from dcase_audit.cases.graph import CriterionValue, NodeValue
from dcase_audit.cases.models import Case, Edition, NodeText
from dcase_audit.cases.words import STATED_KINDS, LinkKind
from dcase_audit.moments import say


class WordsShape(Shape):
    """A text in both languages; either may be empty."""

    ja = serializers.CharField(allow_blank=True)
    en = serializers.CharField(allow_blank=True)


class LabelShape(Shape):
    """What a key is called; a language may be left out."""

    ja = serializers.CharField(required=False)
    en = serializers.CharField(required=False)


class EditionShape(Shape):
    """The edition in force; `sha256` is that of its canonical document."""

    number = serializers.IntegerField()
    sha256 = serializers.CharField()
    published_at = serializers.DateTimeField()


class CriterionShape(Shape):
    """What a leaf asks of its evidence; an empty member sets no limit."""

    kinds = serializers.ListField(child=serializers.CharField())
    minimum = serializers.IntegerField()
    must_cover = serializers.ListField(child=serializers.CharField())
    max_age = serializers.CharField(allow_blank=True)
    warn_before = serializers.CharField(allow_blank=True)
    silence = serializers.CharField(allow_blank=True)
    calendar = serializers.CharField(allow_blank=True)
    subjects = serializers.ListField(child=serializers.CharField())
    targets = serializers.ListField(child=serializers.DictField())
    refuted_when = serializers.CharField(allow_blank=True)


class GoalShape(Shape):
    """The goal of another case."""

    case = serializers.CharField()
    node = serializers.CharField()


class NodeShape(Shape):
    """A node as the edition words it; holders are keys of parties, null where nobody is named."""

    key = serializers.CharField()
    kind = serializers.ChoiceField([kind.value for kind in STATED_KINDS])
    statement = WordsShape()
    accountable = serializers.CharField(allow_null=True)
    custodian = serializers.CharField(allow_null=True)
    verifier = serializers.CharField(allow_null=True)
    support_rule = serializers.ChoiceField(NodeText.SupportRule.values)
    undeveloped = serializers.BooleanField()
    attributes = serializers.DictField()
    points_at = GoalShape(allow_null=True)
    criterion = CriterionShape(allow_null=True)


class LinkLineShape(Shape):
    """*Supported by* or *in context of*, in the author's order."""

    source = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.ChoiceField([kind.value for kind in LinkKind])
    target = serializers.CharField()


class PartyShape(Shape):
    """A party that the case names."""

    key = serializers.CharField()
    kind = serializers.CharField()
    name = WordsShape()


class CaseShape(Shape):
    """A case under the edition in force; without one it has no nodes."""

    slug = serializers.CharField()
    href = serializers.CharField()
    title = WordsShape()
    timezone = serializers.CharField()
    edition = EditionShape(allow_null=True)
    is_demo = serializers.BooleanField()
    labels = serializers.DictField(child=LabelShape(), help_text="What people read in place of keys; none: the key.")
    reading_notes = serializers.ListField(child=serializers.CharField())
    limits_are_assumptions = serializers.BooleanField()
    parties = PartyShape(many=True)
    nodes = NodeShape(many=True)
    links = LinkLineShape(many=True)


class CaseView(ApiView):
    """One case."""

    @described("A case: its nodes and links", {200: CaseShape}, problems=(404,), tag="cases")
    def get(self, request: Request, slug: str) -> Response:
        case = find(Case.objects.visible_to(self.user), slug=slug)
        edition = Edition.objects.filter(case=case).defer("document").order_by("-number").first()
        return Response(
            shown_case(case, edition, set(Case.objects.visible_to(self.user).values_list("slug", flat=True)))
        )


def shown_case(case: Case, edition: Edition | None, visible: set[str]) -> dict[str, Any]:
    """Show the case; a goal of a case that is not ``visible`` is not named."""
    found = graph.load(case, edition.number if edition else None)
    parties = sorted(found.parties.values(), key=lambda party: party.key)
    return {
        "slug": case.slug,
        "href": f"/api/v1/cases/{case.slug}",
        "title": {"ja": case.title_ja, "en": case.title_en},
        "timezone": case.timezone,
        "edition": _edition(edition),
        "is_demo": case.is_demo,
        "labels": case.labels,
        "reading_notes": case.reading_notes,
        "limits_are_assumptions": case.limits_are_assumptions,
        "parties": [
            {"key": party.key, "kind": party.kind, "name": {"ja": party.name_ja, "en": party.name_en}}
            for party in parties
        ],
        "nodes": [_node(node, visible) for node in found.nodes],
        "links": [{"source": link.source, "kind": link.kind.value, "target": link.target} for link in found.links],
    }


def _edition(edition: Edition | None) -> dict[str, Any] | None:
    if edition is None:
        return None
    return {"number": edition.number, "sha256": edition.sha256, "published_at": say(edition.published_at)}


def _node(node: NodeValue, visible: set[str]) -> dict[str, Any]:
    goal = node.points_at if node.points_at and node.points_at.case in visible else None
    return {
        "key": node.key,
        "kind": node.kind.value,
        "statement": {"ja": node.statement_ja, "en": node.statement_en},
        "accountable": node.accountable or None,
        "custodian": node.custodian or None,
        "verifier": node.verifier or None,
        "support_rule": node.support_rule,
        "undeveloped": node.undeveloped,
        "attributes": node.attributes,
        "points_at": {"case": goal.case, "node": goal.key} if goal else None,
        "criterion": _criterion(node.criterion) if node.criterion else None,
    }


def _criterion(asked: CriterionValue) -> dict[str, Any]:
    return {
        "kinds": list(asked.kinds),
        "minimum": asked.minimum,
        "must_cover": list(asked.must_cover),
        "max_age": asked.max_age,
        "warn_before": asked.warn_before,
        "silence": asked.silence,
        "calendar": asked.calendar,
        "subjects": list(asked.subjects),
        "targets": list(asked.targets),
        "refuted_when": asked.refuted_when,
    }
