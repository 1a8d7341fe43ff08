"""PostgreSQL and Valkey from wheels, and the supervisor behind ``make run`` (ADR 0001).

Nothing here imports Django or the product: it starts processes and tells them by their environment where to connect.
"""

from __future__ import annotations


class CannotStart(Exception):
    """Something that the embedded stack needs is missing or in the way; the message says what to do."""
