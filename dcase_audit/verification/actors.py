"""Who acted, as readers are told: the trail names people by number and tokens by how they begin."""

from __future__ import annotations

from collections.abc import Iterable

from dcase_audit.accounts.models import ApiToken, User


class Actors:
    """The accounts behind some names of the trail, in at most two queries."""

    def __init__(self, names: Iterable[str | None]) -> None:
        kinds: dict[str, set[str]] = {"user": set(), "token": set()}
        for name in names:
            kind, _, key = (name or "").partition(":")
            if key and kind in kinds:
                kinds[kind].add(key)
        people = {int(key) for key in kinds["user"] if key.isdigit()}
        tokens = ApiToken.objects.filter(prefix__in=kinds["token"]).select_related("user") if kinds["token"] else ()
        self._found = {f"token:{token.prefix}": token.user for token in tokens}
        self._found |= {f"user:{pk}": user for pk, user in User.objects.in_bulk(people).items()} if people else {}

    def account(self, name: str | None) -> User | None:
        """Return the person or the machine; None for commands, rules and the system itself."""
        return self._found.get(name or "")
