"""The sample's target: three months, one missed and answered, one not observed in full, one running."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from dcase_audit.reports.contents import (
    CorrectiveAction,
    MeasuredTarget,
    PlannedWindow,
    TargetOutage,
    TargetPeriod,
    TargetRemedy,
)
from dcase_audit.reports.contents.targets import Outcome

TOKYO = ZoneInfo("Asia/Tokyo")


def month(number: int) -> datetime:
    return datetime(2026, number, 1, tzinfo=TOKYO)


def period(number: int, down: int, unknown: int, best: str, worst: str, outcome: Outcome) -> TargetPeriod:
    required = (month(number + 1) - month(number)).days * 86_400_000
    ahead = 19 * 86_400_000 if outcome == "running" else 0
    return TargetPeriod(
        service="cash",
        source="switch-over-state-log",
        calendar="24x7",
        start=month(number),
        until=month(number + 1),
        as_of=month(number + 1) if not ahead else datetime(2026, number, 11, tzinfo=TOKYO),
        required_ms=required,
        excused_ms=0,
        down_ms=down,
        unknown_ms=unknown,
        ahead_ms=ahead,
        outages=1 if down else 0,
        resolution_ms=100,
        best=best,
        worst=worst,
        outcome=outcome,
        recorded_at=month(number + 1),
    )


def targets() -> tuple[MeasuredTarget, ...]:
    """Return what was measured of C_2."""
    return (
        MeasuredTarget(
            node="target:C_2",
            limit="99.999",
            period="P1M",
            calendar="24x7",
            services=("cash",),
            periods=(
                period(11, 0, 0, "100.00000", "100.00000", "running"),
                period(10, 398, 30_000, "99.99998", "99.99886", "unknown"),
                period(9, 27_000, 0, "99.99895", "99.99895", "missed"),
            ),
            outages=(
                TargetOutage(
                    monitor="switch-over-state-log",
                    component="cash",
                    started_at=datetime(2026, 9, 6, 3, 36, tzinfo=TOKYO),
                    ended_at=datetime(2026, 9, 6, 3, 36, 27, tzinfo=TOKYO),
                ),
            ),
            outages_left_out=2,
            windows=(
                PlannedWindow(
                    monitor="switch-over-state-log",
                    service="cash",
                    start=datetime(2026, 9, 20, 1, tzinfo=TOKYO),
                    until=datetime(2026, 9, 20, 2, tzinfo=TOKYO),
                    reason="点検",
                    approved_by="",
                    approved_at=None,
                    excuses=False,
                ),
            ),
            remedies=(
                TargetRemedy(
                    start=month(9),
                    until=month(10),
                    actions=(
                        CorrectiveAction(
                            text="切替え設定を改めた",
                            owner="Bo Bando",
                            due_on=date(2026, 10, 9),
                            closed_at=datetime(2026, 10, 5, 10, tzinfo=TOKYO),
                            closed_by="Nao Nakano",
                            evidence="night-rule 4",
                        ),
                    ),
                ),
            ),
        ),
    )
