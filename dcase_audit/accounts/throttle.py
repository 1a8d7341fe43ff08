"""How often one token may ask: a row a token, moved on by the statement that looks the token up.

The generic cell rate algorithm (ITU-T I.371 annex A): the row holds up to when the token's requests are paid for. Runs
on the database's clock, so that all processes count together.
"""

from __future__ import annotations

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

# For each token of ``valid``, of which the lookup finds one at most; returns it where the request is paid for.
TAKE = """
  INSERT INTO accounts_tokenrate AS r (token_id, paid_until)
  SELECT id, clock_timestamp() + %(each)s * interval '1 second' FROM valid
  ON CONFLICT (token_id) DO UPDATE
  SET paid_until = greatest(r.paid_until, clock_timestamp()) + %(each)s * interval '1 second'
  WHERE r.paid_until <= clock_timestamp() + %(ahead)s * interval '1 second'
  RETURNING token_id
"""
TAKE_NOTHING = "SELECT NULL::bigint AS token_id"
# The row as it was before this statement, hence never nothing where others asked in the same moment.
WAIT = """
  CASE WHEN paid.token_id IS NOT NULL THEN 0
  ELSE greatest(%(each)s / 2, extract(epoch FROM r.paid_until - clock_timestamp()) - %(ahead)s)::float END
"""


def limit() -> dict[str, float]:
    """Return the seconds that ``each`` request pays for and how far ``ahead`` may be paid; empty without a limit."""
    if not settings.TOKEN_RATE:
        return {}
    each = 1 / settings.TOKEN_RATE
    return {"each": each, "ahead": each * (settings.TOKEN_BURST - 1)}


class TokenThrottle(BaseThrottle):
    """``TOKEN_RATE`` requests a second in the long run, ``TOKEN_BURST`` at once; by the token and nothing else.

    Who has no valid token is refused before, and no header that a client can write plays a part.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def allow_request(self, request: Request, view: object) -> bool:
        self.seconds = getattr(request._request, "api_token_waits", 0.0)
        return not self.seconds

    def wait(self) -> float:
        """Return after how many seconds the next request would be taken."""
        return self.seconds
