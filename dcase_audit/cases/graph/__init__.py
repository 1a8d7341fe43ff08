"""A case as plain values: an edition, a draft or a parsed file; and the questions that its shape answers."""

from dcase_audit.cases.graph.loading import load
from dcase_audit.cases.graph.shape import (
    ancestors,
    bottom_up,
    children,
    descendants,
    find_circle,
    parents,
    reading_order,
    roots,
)
from dcase_audit.cases.graph.values import (
    CalendarValue,
    CriterionValue,
    Graph,
    LinkValue,
    NodeValue,
    PartyValue,
    PointedGoal,
)

__all__ = [
    "CalendarValue",
    "CriterionValue",
    "Graph",
    "LinkValue",
    "NodeValue",
    "PartyValue",
    "PointedGoal",
    "ancestors",
    "bottom_up",
    "children",
    "descendants",
    "find_circle",
    "load",
    "parents",
    "reading_order",
    "roots",
]
