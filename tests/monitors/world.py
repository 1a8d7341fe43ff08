"""A monitor of IT Service, which keeps M_1 of a case of its own alive, and what it sends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from dcase_audit.cases.models import Case, Criterion, Link, Node, NodeStatus, NodeText
from dcase_audit.cases.words import Status
from drills.models import Monitor
from drills.services import create_monitor
from evidence import services
from evidence.models import Kind
from tests.cast import EARLY, NOW, Cast, artefact, revision

PATH = "monitors/night-log/events"
WEBHOOK = "monitors/night-log/alertmanager"
SERVICES = [{"service": "cash", "needed": 2, "components": ["trading/1", "trading/2", "trading/3"]}]


def make_monitor(cast: Cast, **more: Any) -> Monitor:
    """Publish the case, and add the monitor with its accepted set-up."""
    kind = Kind.objects.create(key="monitor-log", name_ja="監視ログ", name_en="Monitor log", for_monitors=True)
    case = Case.objects.create(slug="watch", title_ja="監視", title_en="Watch", created_at=EARLY)
    nodes = {key: Node.objects.create(case=case, key=key, kind=of) for key, of in (("G_1", "goal"), ("M_1", "monitor"))}
    for node in nodes.values():
        party = cast.it_service
        NodeText.objects.create(node=node, statement_en=f"{node.key} holds", accountable=party, custodian=party)
    Link.objects.create(case=case, source=nodes["G_1"], target=nodes["M_1"], kind="supported_by")
    Criterion.objects.create(node=nodes["M_1"], kinds=["monitor-log"], must_cover=["night"], silence="PT6H")
    services.publish_edition(case=case, actor=None, at=EARLY)
    log = artefact("night-log", "夜間の切替わり確認ログ", kind, cast.it_service, cast.olga)
    services.link(artefact=log, node=nodes["M_1"], actor=None, at=EARLY)
    set_up = revision(log, cast.olga, at=EARLY, valid_from=EARLY)
    services.submit(revision=set_up, actor=cast.olga, at=EARLY)
    services.accept(revision=set_up, actor=cast.ken, at=EARLY)
    defaults = {"resolution_ms": 1000, "bands": ["night"], "services": SERVICES}
    return create_monitor(
        key="night-log", artefact=log, department=cast.it_service, actor=cast.olga, at=EARLY, **{**defaults, **more}
    )


def status_of_the_monitor() -> Status:
    return Status(NodeStatus.objects.get(node__key="M_1").status)


def ago(**span: float) -> str:
    """Return a moment before the cast's present, as a sender spells it."""
    return (NOW - timedelta(**span)).isoformat()


def beat(**span: float) -> dict[str, Any]:
    return {"type": "heartbeat", "at": ago(**span)}


def down(**span: float) -> dict[str, Any]:
    return {"type": "down", "at": ago(**span), "component": "trading/2"}


def up(**span: float) -> dict[str, Any]:
    return {"type": "up", "at": ago(**span), "component": "trading/2"}


def saw(observer: str, result: str = "confirmed") -> dict[str, Any]:
    """Return what an observer saw of a switch-over two hours ago."""
    return {
        "type": "confirmation",
        "switch_over": "trading",
        "switched_at": ago(hours=2),
        "at": ago(hours=1),
        "band": "night",
        "observer": observer,
        "result": result,
    }


def send(as_: Callable[[str], Any], events: Iterable[dict[str, Any]], key: str = "k", who: str = "robot") -> Any:
    return as_(who).post(PATH, list(events), Idempotency_Key=key)


def lines(events: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
