"""What was measured of a target as a drawing: how much of each period's error budget was used, at best and at worst.

Dark is down, hatched is unknown, the line is the target: nothing is told by colour, and all of it by the description.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from hashlib import sha256
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.html import escape

from dcase_audit.cases.diagram import svg
from dcase_audit.cases.diagram.shapes import number
from dcase_audit.cases.presentation import Words

# Less the hour that a change of the clock takes.
SHORTEST_MONTH = timedelta(days=27, hours=23)
WIDTH, HEIGHT = 640.0, 178.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 8.0, 32.0, 26.0
FULL = Fraction(5, 4)
"""What the axis reaches to: a quarter more than the budget; a taller bar is cut and says its figure all the same."""
MOST = Fraction(10)
"""Above ten times the budget the label says no more than that; the description keeps the figure."""

TITLE = Words("{service}: 許容停止時間の使用率", "{service}: share of the error budget used")
SAID = Words("{period}: {used}", "{period}: {used}")
CERTAIN = Words("{worst}%使用、残り{left}秒", "{worst} % used, {left} s left")
UNCERTAIN = Words(
    "{best}%から{worst}%の間で使用、残りは最悪で{left}秒", "between {best} % and {worst} % used, at worst {left} s left"
)
RUNNING = Words("（途中）", " (running)")
LIMIT = Words("目標の限度", "limit of the target")
DOWN, UNKNOWN = Words("停止", "down"), Words("観測なし", "unknown")


def name_of(start: datetime, until: datetime, zone: ZoneInfo) -> str:
    """Return what a period is called below its bar: its month, and the day too where it is shorter than one."""
    of_month = until - start >= SHORTEST_MONTH
    return f"{start.astimezone(zone):{'%y-%m' if of_month else '%y-%m-%d'}}"


class Bar(NamedTuple):
    """A period as the chart shows it; times in milliseconds."""

    period: str
    budget: Fraction
    down: int
    unknown: int
    is_running: bool = False

    @property
    def best(self) -> Fraction:
        return self._used(self.down)

    @property
    def worst(self) -> Fraction:
        return self._used(self.down + self.unknown)

    def _used(self, down: int) -> Fraction:
        return Fraction(down) / self.budget if self.budget else FULL if down else Fraction(0)

    def said(self, language: str) -> str:
        """Return the bar in words; shares are rounded up and what is left is cut, both against the service."""
        left = (self.budget - self.down - self.unknown) // 1000
        template = CERTAIN if not self.unknown else UNCERTAIN
        used = template.into(language).format(best=_percent(self.best), worst=_percent(self.worst), left=left)
        return SAID.into(language).format(period=self.period, used=used) + (
            RUNNING.into(language) if self.is_running else ""
        )


def chart(bars: Sequence[Bar], *, service: str, language: str) -> str:
    """Return the SVG of the periods, in their order; every text in it is escaped."""
    described = ("。" if language == "ja" else "; ").join(bar.said(language) for bar in bars)
    title = TITLE.into(language).format(service=service)
    # Several charts may share a page.
    hatch = f"hatch-{sha256(f'{title} {described}'.encode()).hexdigest()[:12]}"
    named = _text(WIDTH - RIGHT, 10, service, "end", 11.0)
    content = svg.hidden([_hatch(hatch), named, *_axis(language, hatch), *_drawn(bars, hatch)])
    return svg.document(
        content, width=WIDTH, height=HEIGHT, title=title, description=described, language=language
    ).replace('role="group"', 'role="img"')


def _percent(share: Fraction) -> str:
    """Return a share in percent, a tenth at the least, rounded up."""
    tenths = -(-share.numerator * 1000 // share.denominator)
    return f"{tenths // 10}.{tenths % 10}"


def _hatch(hatch: str) -> str:
    return (
        f'<defs><pattern id="{hatch}" width="6" height="6" patternUnits="userSpaceOnUse">'
        '<path d="M0 6L6 0M-1 1L1 -1M5 7L7 5" stroke="#5f6368" stroke-width="1.2"/></pattern></defs>'
    )


def _height(share: Fraction) -> float:
    return float(min(share, FULL) / FULL) * (HEIGHT - TOP - BOTTOM)


def _axis(language: str, hatch: str) -> Iterator[str]:
    floor = HEIGHT - BOTTOM
    for share in (Fraction(0), Fraction(1, 2)):
        y = number(floor - _height(share))
        yield f'<path d="M{LEFT:g} {y}H{WIDTH - RIGHT:g}" stroke="#d5d8dc" stroke-width="1"/>'
        yield _text(LEFT - 6, floor - _height(share) + 4, f"{share * 100} %", "end")
    y = number(floor - _height(Fraction(1)))
    yield f'<path d="M{LEFT:g} {y}H{WIDTH - RIGHT:g}" stroke="#111" stroke-width="1.5" stroke-dasharray="6 3"/>'
    yield _text(LEFT - 6, floor - _height(Fraction(1)) + 4, "100 %", "end")
    x = LEFT
    yield f'<path d="M{x:g} 6h22" stroke="#111" stroke-width="1.5" stroke-dasharray="6 3"/>'
    yield _text(x + 27, 10, LIMIT.into(language))
    yield f'<rect x="{x + 170:g}" y="1" width="12" height="10" fill="#3c4043"/>' + _text(
        x + 187, 10, DOWN.into(language)
    )
    yield f'<rect x="{x + 240:g}" y="1" width="12" height="10" fill="url(#{hatch})" stroke="#5f6368"/>' + _text(
        x + 257, 10, UNKNOWN.into(language)
    )


def _drawn(bars: Sequence[Bar], hatch: str) -> Iterator[str]:
    step = (WIDTH - LEFT - RIGHT) / max(len(bars), 1)
    width, floor = min(30.0, step * 0.6), HEIGHT - BOTTOM
    for place, bar in enumerate(bars):
        middle = LEFT + step * (place + 0.5)
        best, worst = _height(bar.best), _height(bar.worst)
        x = number(middle - width / 2)
        if bar.down:
            drawn = max(best, 1.5)
            size = f'width="{number(width)}" height="{number(drawn)}"'
            yield f'<rect x="{x}" y="{number(floor - drawn)}" {size} fill="#3c4043"/>'
        if worst > best:
            yield (
                f'<rect x="{x}" y="{number(floor - worst)}" width="{number(width)}" height="{number(worst - best)}"'
                f' fill="url(#{hatch})" stroke="#5f6368"/>'
            )
        yield _text(middle, floor - worst - 4, _label(bar.worst), "middle", 9.5)
        yield _text(middle, floor + 14, bar.period, "middle", 9.5)


def _label(share: Fraction) -> str:
    if share > MOST:
        return "> 1000 %"
    return f"{_percent(share)} %" if share else "0 %"


def _text(x: float, y: float, text: str, anchor: str = "start", size: float = 10.0) -> str:
    return f'<text x="{number(x)}" y="{number(y)}" font-size="{size:g}" text-anchor="{anchor}">{escape(text)}</text>'
