"""What another version of a subject would do to the leaves whose evidence was obtained on the present one."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db.models import Max, QuerySet

from dcase_audit.accounts.models import User
from dcase_audit.cases.models import Criterion, Node, Settlement
from dcase_audit.cases.words import Status
from evidence import models
from evidence.facts import SubjectVersion
from evidence.leaf_status import Leaf
from evidence.loading import facts_of
from evidence.models import Subject


class Effect(NamedTuple):
    """A leaf whose status would be another."""

    case: str
    node: str
    before: Status
    after: Status


def version_at(subject: Subject, at: datetime) -> models.SubjectVersion | None:
    """Return the version that holds at ``at``, planned ones included."""
    found: models.SubjectVersion | None = subject.versions.filter(since__lte=at).order_by("-since", "-id").first()
    return found


def is_present(subject: Subject, *, version: str, digest: str, since: datetime) -> bool:
    """Tell whether this is the version that holds at ``since``."""
    present = version_at(subject, since)
    return present is not None and (present.version, present.digest) == (version, digest)


def leaves_on(subject: Subject, user: User) -> QuerySet[Node]:
    """Return the leaves, of cases that ``user`` sees, whose evidence has to be obtained on the subject."""
    named = Criterion.objects.in_force().filter(subjects__contains=[subject.key])
    nodes = Node.objects.visible_to(user).filter(criteria__in=named).select_related("case")
    return nodes.order_by("case__slug", "position", "pk")


def effects_of(
    subject: Subject, *, version: str, digest: str, since: datetime, user: User, at: datetime
) -> list[Effect]:
    """Return the leaves, of cases that ``user`` sees, whose status the version would change once it holds.

    None where it is the version that holds then. Constant queries; writes nothing.
    """
    if is_present(subject, version=version, digest=digest, since=since):
        return []
    leaves = {node.pk: node for node in leaves_on(subject, user)}
    settled_at = Settlement.objects.filter(case__nodes__in=leaves).aggregate(last=Max("settled_at"))["last"]
    at = max(at, settled_at) if settled_at else at
    moment = max(at, since)
    planned = SubjectVersion(subject.key, version, digest, since, at)
    facts = facts_of(list(leaves), at=moment, since=at) if leaves else {}
    found = []
    for pk, node in leaves.items():
        with_it = facts[pk]._replace(subject_versions=(*facts[pk].subject_versions, planned))
        before, after = Leaf(facts[pk], at).status(moment)[0], Leaf(with_it, at).status(moment)[0]
        if before is not after:
            found.append(Effect(node.case.slug, node.key, before, after))
    return found
