"""The graph of a case read as a tree: what stands under what, beside what, and which links are left over.

A node that supports two others is drawn under the first that names it in reading order; every further link to it is a
``Crossing``. Any graph can be read, drafts with cycles and loose nodes included: each node gets exactly one place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from dcase_audit.cases.diagram.model import DiagramLink, DiagramNode
from dcase_audit.cases.words import LinkKind


@dataclass(frozen=True)
class Crossing:
    """A link to a node that has its place elsewhere; ``label`` says where, once that is known."""

    source: str
    target: str
    kind: LinkKind
    label: str = ""


Slot = str | Crossing
"""What has a place in the order under or beside a node: a node's key, or a link that may become a stub."""


@dataclass
class Argument:
    """``below`` and ``beside`` keep the author's order; ``above`` names the node under or beside which a node is."""

    roots: list[str] = field(default_factory=list)
    below: dict[str, list[Slot]] = field(default_factory=dict)
    beside: dict[str, list[Slot]] = field(default_factory=dict)
    above: dict[str, str] = field(default_factory=dict)

    def reading_order(self, root: str | None = None) -> Iterator[str]:
        """Yield the keys depth first from ``root`` (default: all), a node's contexts directly after it."""
        return (slot for slot in self.reading_slots(root) if isinstance(slot, str))

    def reading_slots(self, root: str | None = None) -> Iterator[Slot]:
        """Yield the keys and the crossings in the order in which a reader meets them."""
        stack: list[Slot] = [root] if root is not None else [*reversed(self.roots)]
        while stack:
            slot = stack.pop()
            yield slot
            if isinstance(slot, str):
                yield from self.beside.get(slot, ())
                stack.extend(reversed(self.below.get(slot, ())))

    def children(self, key: str) -> list[str]:
        return [slot for slot in self.below.get(key, ()) if isinstance(slot, str)]

    def contexts(self, key: str) -> list[str]:
        return [slot for slot in self.beside.get(key, ()) if isinstance(slot, str)]

    def crossings(self) -> Iterator[Crossing]:
        for slots in (self.below, self.beside):
            for entries in slots.values():
                yield from (slot for slot in entries if isinstance(slot, Crossing))

    def descendants(self) -> dict[str, int]:
        """Return for every node how many lie under and beside it."""
        counts: dict[str, int] = {}
        for key in reversed(list(self.reading_order())):
            inner = [*self.children(key), *self.contexts(key)]
            counts[key] = sum(counts[child] + 1 for child in inner)
        return counts

    def restricted(self, root: str | None, cut: Collection[str], labels: Mapping[str, str]) -> Argument:
        """Return the part from ``root`` (default: all) down to the nodes of ``cut``, which stand there alone.

        A crossing to a node outside the part takes its label from ``labels``; without one it is left out.
        """
        part = Argument(roots=[root] if root is not None else list(self.roots))
        stack = part.roots[::-1]
        while stack:
            key = stack.pop()
            part.beside[key] = [] if key in cut else list(self.beside[key])
            part.below[key] = [] if key in cut else list(self.below[key])
            for child in [*part.children(key), *part.contexts(key)]:
                part.above[child] = key
            stack.extend(reversed(part.children(key)))
        present = {*part.roots, *part.above}
        for slots in (part.below, part.beside):
            for key, entries in slots.items():
                slots[key] = list(_labelled(entries, present, labels))
        return part


def _labelled(entries: Iterable[Slot], present: Collection[str], labels: Mapping[str, str]) -> Iterator[Slot]:
    for slot in entries:
        if isinstance(slot, str) or slot.target in present:
            yield slot
        elif slot.target in labels:
            yield Crossing(slot.source, slot.target, slot.kind, labels[slot.target])


def read(nodes: Iterable[DiagramNode], links: Iterable[DiagramLink], root: str | None = None) -> Argument:
    """Give every node reachable from ``root`` (default: every node) its place.

    Links to or from keys that are not among ``nodes`` are ignored, and so are links from a node to itself.
    """
    keys = [node.key for node in nodes]
    outgoing: dict[str, list[DiagramLink]] = {key: [] for key in keys}
    for link in dict.fromkeys(links):
        if link.source in outgoing and link.target in outgoing and link.source != link.target:
            outgoing[link.source].append(link)
    argument = Argument()
    placed: set[str] = set()
    for start in _starts(keys, outgoing) if root is None else [root]:
        if start not in placed:
            argument.roots.append(start)
            placed.add(start)
            _descend(argument, start, outgoing, placed)
    return argument


def _starts(keys: list[str], outgoing: Mapping[str, list[DiagramLink]]) -> list[str]:
    """Return the keys in the order in which they may become roots: those first that nothing points at."""
    targets = {link.target for links in outgoing.values() for link in links}
    return [key for key in keys if key not in targets] + [key for key in keys if key in targets]


def _descend(argument: Argument, start: str, outgoing: Mapping[str, list[DiagramLink]], placed: set[str]) -> None:
    """Place what is reachable from ``start``, depth first; contexts take their place before what supports."""
    stack: list[Iterator[DiagramLink]] = [_enter(argument, start, outgoing, placed)]
    while stack:
        link = next(stack[-1], None)
        if link is None:
            stack.pop()
        elif link.target in placed:
            argument.below[link.source].append(Crossing(link.source, link.target, link.kind))
        else:
            placed.add(link.target)
            argument.above[link.target] = link.source
            argument.below[link.source].append(link.target)
            stack.append(_enter(argument, link.target, outgoing, placed))


def _enter(
    argument: Argument, key: str, outgoing: Mapping[str, list[DiagramLink]], placed: set[str]
) -> Iterator[DiagramLink]:
    """Place the contexts of ``key`` and return the links to what supports it, which are still to be followed.

    A context has nothing under it; a link of its own, which the grammar forbids, becomes a crossing beside it.
    """
    argument.below[key], argument.beside[key] = [], []
    for link in outgoing[key]:
        if link.kind is not LinkKind.IN_CONTEXT_OF:
            continue
        if link.target in placed:
            argument.beside[key].append(Crossing(link.source, link.target, link.kind))
            continue
        placed.add(link.target)
        argument.above[link.target] = key
        argument.beside[key].append(link.target)
        argument.beside[key] += [Crossing(own.source, own.target, own.kind) for own in outgoing[link.target]]
    return iter([link for link in outgoing[key] if link.kind is LinkKind.SUPPORTED_BY])
