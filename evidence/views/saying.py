"""Reasons as a page shows them: sentences in which the evidence is a link, where the reader may open it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from dcase_audit.accounts.models import User
from dcase_audit.cases.models import Case
from dcase_audit.cases.words import Status
from evidence.models import Artefact
from evidence.reasons import REFUTING, quoted, reason_text, short

Reason = Mapping[str, Any]


class Sayer:
    """Says the reasons of one case: they are for all who see it, the artefacts themselves for those who may open them.

    ``titles``: what artefacts are called, by key.
    """

    def __init__(self, titles: Mapping[str, str], user: User, case: Case, language: str) -> None:
        self._titles = titles
        self._user = user
        self._case = case
        self._language = language
        self._labels = case.label_texts(language)

    @cached_property
    def _open(self) -> set[str]:
        """The keys of those artefacts that the reader may open; one query."""
        if not self._titles:
            return set()
        seen = Artefact.objects.visible_to(self._user).filter(key__in=list(self._titles))
        return set(seen.values_list("key", flat=True))

    def say(self, reason: Reason) -> SafeString:
        """Return one reason, without full stop."""
        if reason.get("reason") == "external":
            # Its page says of which case the goal is, to whom sees that case.
            reason = {**reason, "node": None}
        said = conditional_escape(reason_text(reason, self._language, self._case.zone, self._titles, self._labels))
        key = reason.get("artefact")
        if key not in self._open:
            return said
        name = conditional_escape(quoted(short(self._titles[key], 50), self._language))
        link = format_html('<a href="{}">{}</a>', reverse("artefact", args=[key]), name)
        # Both halves are escaped; the name stands in the sentence as it was put there.
        return mark_safe(said.replace(name, link, 1))

    def deciding(self, because: Iterable[Reason], status: Status) -> list[SafeString]:
        """Return the reasons that make a leaf's status what it is, all of them."""
        return [
            self.say(reason) for reason in because if reason.get("status") == status.word or _refutes(reason, status)
        ]


def _refutes(reason: Reason, status: Status) -> bool:
    return status is Status.REFUTED and reason.get("reason") in REFUTING
