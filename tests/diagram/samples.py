"""Cases to draw: the reference case, one with every kind and mark, and made-up ones of any size."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

from dcase_audit.cases.diagram import DiagramLink, DiagramNode
from dcase_audit.cases.words import CONTEXT_KINDS, LinkKind, NodeKind, Status

REFERENCE = Path(__file__).resolve().parents[2] / "dcase_audit" / "demo" / "case.json"
BY = LinkKind.SUPPORTED_BY
IN = LinkKind.IN_CONTEXT_OF

TEXTS = (
    "障害と確認したら、正常系へ自動で切り替える",
    "夜間の手順は、保守要員、保守ベンダー、経営層が一体となったものとする",
    "復旧処理の規則",
    "ハードウェアを三重化し、故障を自動で診断して、正常なハードウェアへ自動で切り替える（INC-2025-041の再発防止）",
    "The operations vendor confirms the switch-over from the diagnosis",
)

Case = tuple[list[DiagramNode], list[DiagramLink]]


def reference_case(language: str) -> Case:
    """Return the 47 nodes of the reference case with the statuses of the demo."""
    case = json.loads(REFERENCE.read_text(encoding="utf-8"))
    expected = case["demo_expected"]
    leaves = {key: Status.of(word) for key, word in expected["leaves"].items()}
    leaves |= dict.fromkeys(expected["undeveloped"], Status.UNDEVELOPED)
    links = [DiagramLink(source, target, LinkKind(kind.replace("-", "_"))) for source, kind, target in case["links"]]
    holders = {party["id"]: party["name"][language] for party in case["departments"]}

    def status(key: str) -> Status:
        below = [link.target for link in links if link.source == key and link.kind is BY]
        return min(map(status, below)) if below else leaves[key]

    nodes = []
    for row in case["nodes"]:
        kind = NodeKind(row["type"])
        nodes.append(
            DiagramNode(
                key=row["id"],
                kind=kind,
                text=row["statement"][language],
                status=None if kind in CONTEXT_KINDS else status(row["id"]),
                undeveloped=bool(row.get("undeveloped")),
                holder=holders[row["accountable"]],
                href=f"/cases/exchange/nodes/{row['id']}/",
            )
        )
    return nodes, links


def every_kind() -> Case:
    """Return a case with each kind, status, mark and kind of crossing, and a run of leaves that folds."""
    nodes = [
        DiagramNode("G_1", NodeKind.GOAL, "サービスは、定められた水準で継続する", Status.REFUTED, holder="経営層"),
        DiagramNode("C_1", NodeKind.CONTEXT, "対象は三つの市場サービス"),
        DiagramNode("A_1", NodeKind.ASSUMPTION, "通信事業者の回線は二系統で独立している"),
        DiagramNode("J_1", NodeKind.JUSTIFICATION, "規則第12条が四半期ごとの確認を求めている"),
        DiagramNode("R_1", NodeKind.RESPONSIBILITY, "システム担当役員"),
        DiagramNode("S_1", NodeKind.STRATEGY, "障害の種類ごとに論じる", Status.REFUTED, href="/n/S_1"),
        DiagramNode("G_2", NodeKind.GOAL, "機器の故障に耐える", Status.STALE),
        DiagramNode("G_3", NodeKind.GOAL, "委託先の停止に耐える", Status.MISSING),
        DiagramNode("G_4", NodeKind.GOAL, "操作の誤りに耐える", Status.REFUTED),
        DiagramNode("G_5", NodeKind.GOAL, "自然災害に耐える", Status.UNDEVELOPED, undeveloped=True),
        DiagramNode("E_1", NodeKind.EVIDENCE, "切替え試験の記録", Status.STALE),
        DiagramNode("E_2", NodeKind.EVIDENCE, "構成図", Status.SUPPORTED),
        DiagramNode("M_1", NodeKind.MONITOR, "監視ログ", Status.SUPPORTED, holder="IT開発部"),
        DiagramNode("E_3", NodeKind.EVIDENCE, "予備機の点検記録", Status.EXPIRING),
        DiagramNode("X_2", NodeKind.EXTERNAL, "データセンターのD-Case", Status.SUPPORTED),
        DiagramNode("X_1", NodeKind.EXTERNAL, "運用ベンダーのD-Case", Status.MISSING, holder="委託先"),
        DiagramNode("E_5", NodeKind.EVIDENCE, "操作手順書", Status.PENDING, href="/n/E_5"),
        DiagramNode("E_6", NodeKind.EVIDENCE, "誤操作の訓練の記録", Status.REFUTED, badge="2件"),
        DiagramNode("G_6", NodeKind.GOAL, "共同の訓練を行う", Status.EXPIRED, badge="+7, 2 期限切れ"),
    ]
    pairs = [("S_1", key) for key in ("G_2", "G_3", "G_4", "G_5")]
    pairs += [("G_2", key) for key in ("E_1", "E_2", "M_1", "E_3", "X_2")]
    pairs += [("G_3", "X_1"), ("G_3", "G_6"), ("G_3", "E_5"), ("G_4", "E_5"), ("G_4", "E_6"), ("G_5", "E_1")]
    links = [DiagramLink("G_1", key, IN) for key in ("C_1", "A_1", "J_1", "R_1")]
    links += [DiagramLink("G_1", "S_1", BY), *(DiagramLink(*pair, BY) for pair in pairs)]
    return nodes, [*links, DiagramLink("G_4", "C_1", IN), DiagramLink("G_6", "G_1", BY)]


def made_up(size: int, seed: int = 1, texts: Sequence[str] = TEXTS) -> Case:
    """Return a case of about ``size`` nodes, two to four under each goal, some evidence shared."""
    chance = random.Random(seed)
    nodes = [DiagramNode("G_0", NodeKind.GOAL, texts[0], Status.STALE)]
    links: list[DiagramLink] = []
    goals, evidence = ["G_0"], []

    def add(parent: str, kind: NodeKind, link: LinkKind) -> str:
        key = f"{kind.value[0].upper()}_{len(nodes)}"
        status = None if link is IN else chance.choice(list(Status))
        nodes.append(DiagramNode(key, kind, chance.choice(texts), status, href=f"/n/{key}"))
        links.append(DiagramLink(parent, key, link))
        return key

    while len(nodes) < size:
        parent = goals.pop(0)
        if chance.random() < 0.4:
            add(parent, NodeKind.CONTEXT, IN)
        goals.append(add(parent, NodeKind.GOAL, BY))
        for _ in range(chance.randint(1, 3)):
            if chance.random() < 0.5:
                goals.append(add(parent, NodeKind.GOAL, BY))
            else:
                evidence.append(add(parent, chance.choice([NodeKind.EVIDENCE, NodeKind.MONITOR]), BY))
        if evidence and chance.random() < 0.2:
            links.append(DiagramLink(parent, chance.choice(evidence), BY))
    return nodes, links
