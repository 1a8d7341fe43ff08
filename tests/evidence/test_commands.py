"""What the commands take on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.cast import Cast, cast, the_clock

__all__ = ["cast", "the_clock"]


@pytest.mark.parametrize("at", ["2026-11-20", "2026-11-20T15:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_moment_that_nobody_could_reckon_with_is_refused(cast: Cast, at: str) -> None:
    with pytest.raises(CommandError, match="argument --at"):
        call_command("status", "recurrence", "--at", at)


@pytest.mark.parametrize("option", ["--at", "--known"])
def test_a_report_of_the_future_is_not_written(cast: Cast, tmp_path: Path, option: str) -> None:
    output = tmp_path / "report.pdf"

    with pytest.raises(CommandError, match="not of the future"):
        call_command("report", "recurrence", option, "2027-01-01T00:00:00Z", "--output", str(output))

    assert not output.exists()
