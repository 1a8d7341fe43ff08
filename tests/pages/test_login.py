from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from dcase_audit.accounts import lockout
from dcase_audit.accounts.models import LoginFailures, User
from tests.cast import Cast
from tests.events import subjects
from tests.pages.conftest import text_of

PASSWORD = "a long enough password"
WRONG = "組み合わせが正しくない"
LOCKED = "しばらくログインできません"


@pytest.fixture
def olga(cast: Cast) -> User:
    user = cast.olga
    user.set_password(PASSWORD)
    user.save()
    return user


def log_in(username: str, password: str, *, address: str = "192.0.2.1", client: Client | None = None) -> object:
    client = client or Client(headers={"accept-language": "ja"})
    return client.post("/login/", {"username": username, "password": password}, REMOTE_ADDR=address)


def test_a_person_logs_in_and_the_trail_knows(olga: User) -> None:
    response = log_in("olga", PASSWORD)

    assert (response.status_code, response.headers["Location"]) == (302, "/")  # type: ignore[attr-defined]
    assert subjects("login.succeeded") == [f"user:{olga.pk}"]


def test_unknown_names_wrong_passwords_and_accounts_that_may_not_get_the_same_answer(olga: User, cast: Cast) -> None:
    cast.bo.set_password(PASSWORD)
    cast.bo.is_active = False
    cast.bo.save()
    cast.robot.set_password(PASSWORD)
    cast.robot.save()

    answers = [log_in("olga", "wrong"), log_in("nobody", "x"), log_in("bo", PASSWORD), log_in("robot", PASSWORD)]

    assert {answer.status_code for answer in answers} == {200}  # type: ignore[attr-defined]
    assert all(WRONG in text_of(answer) for answer in answers)


@pytest.mark.parametrize("username", ["olga", "nobody"])
def test_ten_failures_lock_the_name_for_that_address(olga: User, username: str) -> None:
    for _ in range(lockout.MOST_FAILURES):
        assert WRONG in text_of(log_in(username, "wrong"))

    locked = log_in(username, PASSWORD)

    assert locked.status_code == 429  # type: ignore[attr-defined]
    assert LOCKED in text_of(locked)
    assert subjects("login.locked_out") == ["address:192.0.2.1"]


def test_another_address_and_another_name_are_not_locked(olga: User) -> None:
    for _ in range(lockout.MOST_FAILURES):
        log_in("olga", "wrong")

    assert log_in("olga", PASSWORD, address="198.51.100.7").status_code == 302  # type: ignore[attr-defined]
    assert WRONG in text_of(log_in("ken", "wrong"))


def test_the_lock_ends_and_the_count_starts_anew(olga: User) -> None:
    for _ in range(lockout.MOST_FAILURES):
        log_in("olga", "wrong")
    past = datetime.now(UTC) - lockout.WINDOW - timedelta(seconds=1)
    LoginFailures.objects.update(last_at=past)

    assert log_in("olga", "wrong").status_code == 200  # type: ignore[attr-defined]
    assert LoginFailures.objects.get().count == 1
    assert log_in("olga", PASSWORD).status_code == 302  # type: ignore[attr-defined]
    assert not LoginFailures.objects.exists()


def test_the_name_that_was_typed_is_not_kept(olga: User) -> None:
    log_in("my password, in the wrong field", "x")

    assert "password" not in str(LoginFailures.objects.values().get())


def test_old_failures_of_others_are_dropped_on_the_way(olga: User) -> None:
    log_in("nobody", "x")
    LoginFailures.objects.update(last_at=datetime.now(UTC) - timedelta(days=1))

    log_in("olga", "x")

    assert LoginFailures.objects.count() == 1


def test_the_session_gets_a_new_id_and_ends_with_the_logout(olga: User) -> None:
    client = Client()
    client.get("/login/")
    log_in("olga", PASSWORD, client=client)
    session = client.cookies["sessionid"].value

    client.post("/logout/")
    client.cookies["sessionid"] = session

    assert client.get("/").status_code == 302


def test_a_changed_password_ends_other_sessions(olga: User) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        log_in("olga", PASSWORD, client=client)
    new = "another long password"

    fields = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert here.post("/me/password/", fields).status_code == 302

    assert here.get("/me/").status_code == 200
    assert there.get("/me/").status_code == 302
    assert subjects("password.changed") == [f"user:{olga.pk}"]
    assert here.get("/admin/password_change/").headers["Location"] == "/me/password/"


def test_the_next_page_is_one_of_ours(olga: User) -> None:
    client = Client()
    fields = {"username": "olga", "password": PASSWORD, "next": "https://elsewhere.example/"}

    assert client.post("/login/", fields).headers["Location"] == "/"


def test_a_form_is_refused_before_its_files_are_read(olga: User) -> None:
    body = SimpleUploadedFile("big.bin", b"x" * 5_300_000)

    response = Client(enforce_csrf_checks=True).post("/login/", {"username": "olga", "file": body})

    assert response.status_code == 413
    assert "The request is too large" in text_of(response)
    assert not vars(response.wsgi_request)["_read_started"]


def test_the_admin_has_no_login_of_its_own(olga: User, cast: Cast) -> None:
    client, rin = Client(), Client()
    rin.force_login(cast.rin)

    asked = client.get("/admin/evidence/artefact/", follow=True)
    tried = client.post("/admin/login/", {"username": "olga", "password": PASSWORD})

    assert asked.redirect_chain[-1][0] == "/login/?next=/admin/evidence/artefact/"
    assert (tried.status_code, "_auth_user_id" in client.session) == (405, False)
    assert rin.get("/admin/", follow=True).status_code == 403
    assert client.get("/admin/login/?next=https://elsewhere.example/").headers["Location"].startswith("/login/?")


def test_people_choose_their_language(olga: User) -> None:
    client = Client()
    client.force_login(olga)

    client.post("/me/", {"language": "en"})

    assert "Log out" in text_of(client.get("/me/"))
    assert client.get("/me/").headers["Content-Language"] == "en"
