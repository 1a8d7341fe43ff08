"""What a chart of a target calls its periods, and that no two of a year have one name."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from evidence.charts import name_of

TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("start", "until", "zone", "name"),
    [
        ("2026-10-12T00:00", "2026-10-19T00:00", TOKYO, "26-10-12"),
        ("2026-10-19T00:00", "2026-10-26T00:00", TOKYO, "26-10-19"),
        ("2026-02-01T00:00", "2026-03-01T00:00", TOKYO, "26-02"),
        ("2026-10-01T00:00", "2026-11-01T00:00", TOKYO, "26-10"),
        ("2026-03-01T00:00", "2026-04-01T00:00", BERLIN, "26-03"),
        ("2026-01-01T00:00", "2026-04-01T00:00", BERLIN, "26-01"),
    ],
)
def test_a_period_is_called_by_its_month_and_a_shorter_one_by_its_day(
    start: str, until: str, zone: ZoneInfo, name: str
) -> None:
    first, last = (datetime.fromisoformat(text).replace(tzinfo=zone) for text in (start, until))

    assert name_of(first, last, zone) == name


def test_weeks_of_a_year_have_names_of_their_own() -> None:
    mondays = [datetime(2026, 1, 5, tzinfo=TOKYO) + timedelta(weeks=number) for number in range(52)]

    assert len({name_of(start, start + timedelta(weeks=1), TOKYO) for start in mondays}) == 52
