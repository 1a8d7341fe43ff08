"""Names as they were at the report's moment, in the report's language."""

from __future__ import annotations

from datetime import date
from functools import cached_property

from dcase_audit.accounts.models import Party, PastName, User
from dcase_audit.reports.contents import Language
from evidence.models import Kind


class Names:
    """Looks names up once, each sort in one query."""

    def __init__(self, language: Language, day: date) -> None:
        self.language = language
        self.day = day

    @cached_property
    def parties(self) -> dict[str, Party]:
        return {party.key: party for party in Party.objects.all()}

    @cached_property
    def _past_names(self) -> dict[int, PastName]:
        """The name that each renamed party bore on the day: the earliest one that had not ended."""
        found: dict[int, PastName] = {}
        for past in PastName.objects.filter(until__gt=self.day).order_by("-until"):
            found[past.party_id] = past
        return found

    def party(self, key: str) -> str:
        """Return the name of the party called ``key``, as it was on the day; empty for none."""
        if not key:
            return ""
        party = self.parties[key]
        past = self._past_names.get(party.pk)
        if past is not None:
            return past.name_ja if self.language == "ja" else past.name_en
        return party.name(self.language)

    @cached_property
    def _people(self) -> dict[int, User]:
        return {user.pk: user for user in User.objects.all()}

    def person(self, user_id: int | None) -> str:
        """Return a person's name; empty where nobody is named."""
        return self._people[user_id].name(self.language) if user_id is not None else ""

    @cached_property
    def _kinds(self) -> dict[str, str]:
        return {kind.key: kind.name(self.language) for kind in Kind.objects.all()}

    def kind(self, key: str) -> str:
        """Return the name of a kind of evidence; its key where the kind is gone."""
        return self._kinds.get(key, key)

    def pick(self, ja: str, en: str) -> str:
        """Return the text in the report's language, in the other one where there is none."""
        return (ja or en) if self.language == "ja" else (en or ja)
