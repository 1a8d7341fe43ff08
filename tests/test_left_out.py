"""What the workers left out is counted once in the closing line, whoever else reads the statistics."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.conftest import Workers


def config(**more: Any) -> Any:
    return SimpleNamespace(**more)


def items(*names: str) -> Any:
    return [SimpleNamespace(nodeid=name) for name in names]


def test_what_two_workers_left_out_is_counted_once() -> None:
    nodes = [config(workeroutput={}) for _ in range(2)]
    for node in nodes:
        Workers(node).pytest_deselected(items("a", "b"))
        Workers(node).pytest_deselected(items("c"))
    reporter = SimpleNamespace(stats={})
    controller = Workers(config(pluginmanager=SimpleNamespace(get_plugin=lambda name: reporter)))

    for node in nodes:
        controller.pytest_testnodedown(node)

    left_out = reporter.stats["deselected"]
    assert sorted(item.nodeid for item in left_out) == ["a", "b", "c"]
    # Hypothesis looks into every one of them.
    assert all(hasattr(item, "__dict__") for item in left_out)


def test_without_workers_pytest_counts_by_itself() -> None:
    Workers(config()).pytest_deselected(items("a"))
