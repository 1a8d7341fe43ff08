"""The goal structure as a picture: plain values in, an SVG out, the same bytes for the same values; no ORM."""

from dcase_audit.cases.diagram.drawing import draw
from dcase_audit.cases.diagram.legend import legend
from dcase_audit.cases.diagram.model import Box, DiagramLink, DiagramNode, DiagramPage, Drawing
from dcase_audit.cases.diagram.paging import pages

__all__ = ["Box", "DiagramLink", "DiagramNode", "DiagramPage", "Drawing", "draw", "legend", "pages"]
