"""The glyphs of the statuses as lines within a circle of radius 8 around (0, 0), so that no font is asked for them."""

from __future__ import annotations

from dcase_audit.cases.words import Status

MARKS: dict[Status, str] = {
    Status.REFUTED: "M-3.2-3.2 3.2 3.2M3.2-3.2-3.2 3.2",
    Status.UNDEVELOPED: "M0-4.4 4.4 0 0 4.4-4.4 0Z",
    Status.MISSING: "M-3.8 0H3.8",
    Status.EXPIRED: "M0-4.4V1M0 3.9V4.1",
    Status.STALE: "M-2.4-2.2C-2.2-5.2 2.6-5.2 2.6-2.2 2.6-0.4 0-0.2 0 1.6M0 4.2V4.4",
    Status.PENDING: "M-3.8 0V0.1M0 0V0.1M3.8 0V0.1",
    Status.EXPIRING: "M0-4.2 4.2 3.2H-4.2Z",
    Status.SUPPORTED: "M-3.8 0.3-1 3.1 3.8-2.9",
}
