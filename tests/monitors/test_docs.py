"""The proof that docs/monitors.md has a third party run, run as it stands there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from drills.models import MonitorEvent
from tests.api.conftest import As
from tests.monitors.world import PATH, beat, send

SCRIPT = re.compile(r"```python\n(.*?)```", re.DOTALL)


def verdict(script: str, event: dict[str, object]) -> int:
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], input=json.dumps(event), text=True, capture_output=True, check=False
    )
    return done.returncode


@pytest.mark.usefixtures("monitor")
def test_the_script_of_the_page_proves_events_and_nothing_else(as_: As) -> None:
    (script,) = SCRIPT.findall(Path("docs/monitors.md").read_text())
    send(as_, [beat(seconds=n) for n in range(7)])

    for event in MonitorEvent.objects.all():
        shown = as_("olga").get(f"{PATH}/{event.pk}").json()
        assert verdict(script, shown) == 0
        assert verdict(script, {**shown, "content": shown["content"] + " "}) == 1
        assert verdict(script, {**shown, "proof": {**shown["proof"], "index": (shown["proof"]["index"] + 1) % 7}}) == 1
