"""What people read in place of the keys that rules compare: items to cover, what is measured, classes, calendars.

A label never takes part in a rule; a key without one is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

Labels = Mapping[str, Mapping[str, str]]
NO_LABELS: Mapping[str, str] = {}


def script_of(text: str) -> str:
    """Return the language of a text that somebody wrote, told by its script: kana are Japanese."""
    return "ja" if any("\u3040" <= letter <= "\u30ff" for letter in text) else "en"


def in_language(labels: Labels, language: str) -> dict[str, str]:
    """Return the labels that there are in ``language`` ("ja", "en"), by key."""
    return {key: texts[language] for key, texts in labels.items() if texts.get(language)}
