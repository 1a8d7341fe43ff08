"""The Japanese catalogue is whole, current, and leaves Django's own texts alone."""

from __future__ import annotations

from pathlib import Path

import django
import pytest
from babel.messages.mofile import read_mo
from django.core.management import CommandError, call_command
from django.utils import translation
from django.utils.translation import gettext

from dcase_audit.accounts import catalogue


def test_everything_is_translated_and_compiled() -> None:
    assert catalogue.check() == []
    call_command("compile_catalogue", check=True)


def test_the_catalogue_is_in_use() -> None:
    with translation.override("ja"):
        assert gettext("Inbox") == "受信箱"


def test_no_text_of_ours_changes_one_of_djangos() -> None:
    """Django looks into our catalogue first: the same English would be said our way in the admin."""
    theirs: dict[str, object] = {}
    for path in Path(django.__path__[0]).rglob("locale/ja/LC_MESSAGES/django.mo"):
        with path.open("rb") as file:
            theirs |= {
                catalogue._single(text.id): text.string for text in read_mo(file) if text.id and not text.context
            }
    ours = {catalogue._single(text.id): text.string for text in catalogue.read() if text.id}

    assert {text: ours[text] for text in ours.keys() & theirs.keys() if ours[text] != theirs[text]} == {}


def test_what_is_wrong_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    po = tmp_path / "django.po"
    po.write_bytes(catalogue.PO.read_bytes().replace('msgstr "受信箱"'.encode(), b'msgstr ""'))
    monkeypatch.setattr(catalogue, "PO", po)

    problems = catalogue.check()

    assert "not translated: Inbox" in problems
    assert any("is not what" in problem for problem in problems)
    with pytest.raises(CommandError, match="want a translator"):
        call_command("compile_catalogue", check=True)


def test_bringing_it_up_to_the_sources_changes_nothing_that_is_current(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    po, mo = tmp_path / "django.po", tmp_path / "django.mo"
    po.write_bytes(catalogue.PO.read_bytes())
    before = catalogue.PO.read_bytes()
    monkeypatch.setattr(catalogue, "PO", po)
    monkeypatch.setattr(catalogue, "MO", mo)

    assert catalogue.update() == []
    assert po.read_bytes() == before
