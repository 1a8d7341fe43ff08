"""Monitors are set to measure targets."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import User
from dcase_audit.cases.models import Node, NodeText
from dcase_audit.errors import Invalid, NotAllowed
from dcase_audit.trail.events import record
from drills import targets
from drills.models import Monitor, TargetFeed
from drills.monitors import groups
from evidence.target_loading import targets_of


@transaction.atomic
def feed_target(*, monitor: Monitor, node: Node, actor: User | None, at: datetime) -> TargetFeed:
    """Have the monitor measure the target of a context from now on. Repeating the call returns the feed there is.

    Raises:
        NotAllowed: ``actor`` is no member of the monitor's department (403).
        Invalid: the context in force sets no target of availability, the monitor serves none of its services, or its
            artefact supports nothing in the case (422).
    """
    if actor is not None and not permissions.may_write_evidence(actor.access, custodian_id=monitor.department_id):
        raise NotAllowed("This monitor is another department's.")
    check_feed(monitor=monitor, node=node)
    found = TargetFeed.objects.filter(monitor=monitor, node=node, until=None).first()
    if found is not None:
        return found
    feed = TargetFeed.objects.create(monitor=monitor, node=node, since=at, added_by=actor)
    record("target.fed", f"monitor:{monitor.pk}", monitor=monitor.key, node=node.key)
    targets.measure(feed, at=at)
    return feed


def check_feed(*, monitor: Monitor, node: Node) -> None:
    """Refuse a monitor that cannot measure the target of the context.

    Raises:
        Invalid: as ``feed_target`` (422).
    """
    text = NodeText.objects.in_force().filter(node=node).first()
    wanted = {s for target in targets_of(text.attributes.get("targets", ()) if text else ()) for s in target.services}
    if not wanted:
        raise Invalid("This context sets no target of availability.", pointer="/node")
    served = {group.service for group in groups.groups_of(monitor.services)} or {""}
    if not wanted & served:
        raise Invalid("The monitor has none of the services that the target names.", pointer="/monitor")
    if not monitor.artefact.supports.open().filter(case=node.case_id).exists():
        raise Invalid("The monitor's evidence supports nothing in this case.", pointer="/monitor")


@transaction.atomic
def stop_feed(*, feed: TargetFeed, actor: User, at: datetime) -> bool:
    """Have the monitor measure the target no more; what it measured stays. False where it was stopped before.

    Raises:
        NotAllowed: ``actor`` is no member of the monitor's department (403).
    """
    if not permissions.may_write_evidence(actor.access, custodian_id=feed.monitor.department_id):
        raise NotAllowed("This monitor is another department's.")
    stopped = bool(TargetFeed.objects.filter(pk=feed.pk, until=None).update(until=at))
    if stopped:
        record("target.unfed", f"monitor:{feed.monitor_id}", monitor=feed.monitor.key, node=feed.node.key)
    return stopped
