"""What ``manage.py status`` prints of the demo, word for word, and what it says when E_4 ends."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.demo_case import DemoCase

EXPECTED = Path(__file__).with_name("expected_status.json")
LAST_INSTANT = "2027-03-31T23:59:59.999999+09:00"
END = "2027-04-01T00:00:00+09:00"
NOT_STANDING = 3


def status(demo: DemoCase, *more: str) -> dict[str, Any]:
    """Return what the command prints; the top goal of the demo does not stand, which its exit code says."""
    printed = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("status", demo.case.slug, "--json", *more, stdout=printed)
    assert ended.value.code == NOT_STANDING
    found: dict[str, Any] = json.loads(printed.getvalue())
    return found


def test_the_status_of_all_nodes_is_the_one_checked_in(demo_case: DemoCase) -> None:
    found = status(demo_case)

    assert found == json.loads(EXPECTED.read_text(encoding="utf-8"))
    assert len(found["nodes"]) == 48
    assert [node["id"] for node in found["nodes"] if node["status"] is None] == [
        "C_111", "C_10", "C_1-1", "C_1-2", "C_2", "C_12",
    ]  # fmt: skip


def test_e_4_holds_through_31_march_and_has_expired_on_1_april(demo_case: DemoCase) -> None:
    def e_4(at: str) -> dict[str, Any]:
        return next(node for node in status(demo_case, "--at", at)["nodes"] if node["id"] == "E_4")

    assert e_4(LAST_INSTANT)["status"] == "expiring"
    assert e_4(LAST_INSTANT)["until"] == "2027-03-31T15:00:00+00:00"
    assert e_4(END)["status"] == "expired"
