"""Passwords: set by the person who gets the link, by no administrator."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from dcase_audit.accounts.models import User
from tests.cast import Cast
from tests.events import subjects
from tests.pages.conftest import As, text_of

pytestmark = pytest.mark.usefixtures("sound")

GOOD = "correct horse battery staple"


def test_people_set_their_passwords_by_a_link_that_opens_once(
    cast: Cast, as_: As, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    fields = {"username": "new-person", "kind": "person", "language": "ja", "email": "new@example.jp"}

    with django_capture_on_commit_callbacks(execute=True):
        made = as_("ada").post("/admin/accounts/user/add/", {**fields, "password1": GOOD, "password2": GOOD})

    person = User.objects.get(username="new-person")
    assert made.status_code == 302
    assert not person.has_usable_password()
    (mail,) = mailoutbox
    assert mail.to == ["new@example.jp"]
    link = urlsplit(re.findall(r"http\S+", mail.body)[0]).path
    browser = Client()
    form = browser.get(link).headers["Location"]
    weak = browser.post(form, {"new_password1": "short", "new_password2": "short"})
    assert weak.status_code == 200
    assert browser.post(form, {"new_password1": GOOD, "new_password2": GOOD}).headers["Location"] == "/login/"
    person.refresh_from_db()
    assert person.check_password(GOOD)
    assert "was used or has expired" in text_of(Client().get(link, headers={"accept-language": "en"}))
    assert [len(subjects(kind)) for kind in ("password.link_sent", "password.set")] == [1, 1]


def test_an_administrator_never_sets_a_password(cast: Cast, as_: As, mailoutbox: list[Any]) -> None:
    User.objects.filter(pk=cast.olga.pk).update(email="olga@example.jp")
    before = User.objects.get(pk=cast.olga.pk).password
    place = f"/admin/accounts/user/{cast.olga.pk}/password/"

    assert "olga@example.jp" in text_of(as_("ada").get(place))
    assert not mailoutbox
    fields = {"password1": GOOD, "password2": GOOD, "usable_password": "true"}
    assert as_("ada").post(place, fields).status_code == 302

    assert [mail.to for mail in mailoutbox] == [["olga@example.jp"]]
    assert User.objects.get(pk=cast.olga.pk).password == before
    assert as_("olga").get(place).status_code in (302, 403)


def test_who_cannot_be_written_to_is_said_to_be_so(cast: Cast, as_: As, mailoutbox: list[Any]) -> None:
    User.objects.filter(pk=cast.bo.pk).update(email="")
    ada = as_("ada")

    page = text_of(ada.post(f"/admin/accounts/user/{cast.bo.pk}/password/", follow=True))
    machine = text_of(ada.post(f"/admin/accounts/user/{cast.robot.pk}/password/", follow=True))

    assert "No link was sent" in page
    assert "No link was sent" in machine
    assert not mailoutbox
