"""Shares of time as people read them."""

from __future__ import annotations

from fractions import Fraction


def shown(share: Fraction, digits: int = 3) -> str:
    """Return a share in percent with ``digits`` decimals, cut off and never rounded up: 99.9989996 is 99.998."""
    scaled = share * 100 * 10**digits
    cut = scaled.numerator // scaled.denominator
    if digits == 0:
        return str(cut)
    sign, cut = ("-", -cut) if cut < 0 else ("", cut)
    return f"{sign}{cut // 10**digits}.{cut % 10**digits:0{digits}}"


def exact_percent(share: Fraction) -> str:
    """Return a share that somebody set as a limit in percent, with as many decimals as it has."""
    return shown(share, 10).rstrip("0").rstrip(".")
