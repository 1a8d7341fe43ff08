"""Drawing a case, or the part of it under one node, as a whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from dcase_audit.cases.diagram import phrases, svg
from dcase_audit.cases.diagram.argument import Argument, Crossing, Slot, read
from dcase_audit.cases.diagram.columns import MOST_IN_A_ROW
from dcase_audit.cases.diagram.crossings import place
from dcase_audit.cases.diagram.edges import edges
from dcase_audit.cases.diagram.figures import Figure, Sized, Stub, fit
from dcase_audit.cases.diagram.layout import Layout
from dcase_audit.cases.diagram.model import Box, DiagramLink, DiagramNode, Drawing


def draw(
    nodes: Sequence[DiagramNode],
    links: Iterable[DiagramLink],
    *,
    language: str,
    title: str,
    root: str | None = None,
    collapsed: Collection[str] = frozenset(),
) -> Drawing:
    """Draw what is reachable from ``root`` (default: everything); nothing is drawn under the ``collapsed`` nodes.

    A collapsed node without a badge of its own says how many nodes it hides. The same arguments give the same bytes.
    """
    argument = read(nodes, links, root)
    hidden = argument.descendants()
    figures = {}
    for node in nodes:
        if node.key in hidden:
            figure = fit(node, language)
            closed = node.key in collapsed and hidden[node.key] and not node.badge
            figures[node.key] = figure.marked(pill=f"+{hidden[node.key]}") if closed else figure
    labels = {key: phrases.listed_under(argument.above.get(key, ""), language) for key in hidden}
    return render(argument.restricted(None, collapsed, labels), figures, language=language, title=title)


def render(
    argument: Argument,
    figures: Mapping[str, Figure],
    *,
    language: str,
    title: str,
    in_a_row: int = MOST_IN_A_ROW,
) -> Drawing:
    """Lay out and write the nodes that have a place in ``argument``."""
    layout, sizes, curves = place(argument, figures, language, in_a_row=in_a_row)
    lines = svg.hidden(edges(argument, layout, sizes, curves.values()))
    shown = [slot for slot in argument.reading_slots() if slot in sizes]
    elements = [_element(slot, argument, figures, layout, sizes, language, first=slot == shown[0]) for slot in shown]
    said = phrases.description([figures[slot].node for slot in shown if isinstance(slot, str)], language)
    return Drawing(
        svg=svg.document(
            lines + "".join(elements),
            width=layout.width,
            height=layout.height,
            title=title,
            description=said,
            language=language,
        ),
        width=layout.width,
        height=layout.height,
        boxes=tuple(_box(slot, slot, layout, sizes) for slot in shown if isinstance(slot, str)),
        references=tuple(_box(slot.target, slot, layout, sizes) for slot in shown if not isinstance(slot, str)),
    )


def _element(
    slot: Slot,
    argument: Argument,
    figures: Mapping[str, Figure],
    layout: Layout,
    sizes: Mapping[Slot, Sized],
    language: str,
    *,
    first: bool,
) -> str:
    size, where = sizes[slot], layout.places[slot]
    if isinstance(slot, Crossing):
        assert isinstance(size, Stub)
        return svg.stub_element(slot, size, where, figures[slot.target].node, language)
    return svg.node_element(figures[slot], where, above=argument.above.get(slot, ""), language=language, first=first)


def _box(key: str, slot: Slot, layout: Layout, sizes: Mapping[Slot, Sized]) -> Box:
    size, where = sizes[slot], layout.places[slot]
    return Box(key, round(where.x - size.width / 2, 1), where.y, round(size.width, 1), round(size.height, 1))
