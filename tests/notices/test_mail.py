from __future__ import annotations

import smtplib
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.mail.backends.locmem import EmailBackend

from dcase_audit.accounts.models import User
from dcase_audit.jobs import services as jobs
from dcase_audit.jobs.models import Job
from dcase_audit.notices import mail
from dcase_audit.notices.models import Notice
from dcase_audit.notices.services import remind
from tests.notices.conftest import Cast, OpenAnItem, tokyo

AT = tokyo("2026-11-16 09:00")


class BrokenBackend(EmailBackend):
    """A mail server that is down."""

    def send_messages(self, messages: Any) -> int:
        raise smtplib.SMTPServerDisconnected("the server is down")


@pytest.fixture
def notice(cast: Cast, open_an_item: OpenAnItem, settings: Any) -> Notice:
    settings.PUBLIC_URL = "https://audit.example.com/"
    open_an_item(at=AT)
    remind(AT)
    return Notice.objects.get()


def sent() -> list[EmailMessage]:
    """Return the mails as a mail program parses them."""
    return [message_from_bytes(m.message().as_bytes(), policy=policy.default) for m in outbox.outbox]


def test_the_job_mails_the_notice_in_the_readers_language(notice: Notice) -> None:
    assert jobs.drain("notices.mail") == 1

    (message,) = sent()
    assert message["To"] == "olga@example.com"
    assert message["Subject"].strip() == "【要対応】leaf:1 証拠がありません"  # a long header begins on the next line
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "ja"
    text = message.get_content()
    assert text.startswith("織賀 恵 様\n\nleaf:1 証拠がありません\n")
    assert "https://audit.example.com/cases/exchange/nodes/E_11/\n" in text
    assert "2026年11月16日 09:00 JSTに発行したお知らせです" in text
    assert message.get_content_type() == "text/plain"


def test_in_english_for_who_reads_english(notice: Notice) -> None:
    remind(tokyo("2026-11-19 09:00"))
    jobs.drain("notices.mail")

    message = sent()[-1]
    assert message["Subject"] == "Not acknowledged: leaf:1 has no evidence"
    assert message.get_content().startswith("Hana,\n\nleaf:1 has no evidence\n")
    assert message["Content-Language"] == "en"


def test_a_letter_writes_out_what_turns_the_direction_of_writing(notice: Notice) -> None:
    notice.recipient.name_ja = "織賀\u202e恵"

    assert mail.letter(notice).body.startswith("織賀[U+202E]恵 様")


def test_the_row_says_when_it_went_out_and_it_goes_out_once(notice: Notice) -> None:
    assert mail.send(notice, at=AT + timedelta(minutes=1))

    notice.refresh_from_db()
    assert notice.mailed_at == AT + timedelta(minutes=1)
    assert not mail.send(notice, at=AT + timedelta(minutes=2))
    assert len(outbox.outbox) == 1


def test_a_worker_that_dies_after_sending_sends_the_same_message_again(notice: Notice) -> None:
    mail.send(notice, at=AT)
    Notice.objects.update(mailed_at=None)

    jobs.drain("notices.mail")

    first, second = sent()
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].endswith("@audit.example.com>")


def test_each_notice_has_a_message_id_of_its_own(notice: Notice) -> None:
    remind(tokyo("2026-11-19 09:00"))

    assert len({mail.message_id(each) for each in Notice.objects.all()}) == 2


def test_what_could_not_be_sent_is_tried_again(notice: Notice, settings: Any) -> None:
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{BrokenBackend.__module__}.{BrokenBackend.__name__}"
    assert jobs.drain("notices.mail") == 0
    job = Job.objects.get(kind="notices.mail")
    assert (job.state, job.attempts) == ("queued", 1)
    assert "SMTPServerDisconnected" in job.last_error

    settings.EMAIL_BACKEND = working
    Job.objects.update(run_at=job.created_at)
    assert jobs.drain("notices.mail") == 1

    notice.refresh_from_db()
    assert notice.mailed_at is not None
    assert len(outbox.outbox) == 1


@pytest.mark.parametrize("gone", [{"is_active": False}, {"email": ""}])
def test_nothing_is_sent_to_who_left_or_has_no_address(notice: Notice, gone: dict[str, Any]) -> None:
    User.objects.update(**gone)

    assert jobs.drain("notices.mail") == 1

    assert outbox.outbox == []
    assert Notice.objects.get().mailed_at is None


def test_who_has_no_address_has_the_inbox(cast: Cast, open_an_item: OpenAnItem) -> None:
    User.objects.update(email="")
    open_an_item(at=AT, owner=None)

    assert remind(AT).notices == 1
    assert not Job.objects.exists()


def test_a_digest_links_to_the_inbox(cast: Cast, open_an_item: OpenAnItem, settings: Any) -> None:
    settings.PUBLIC_URL = "https://audit.example.com"
    for number in range(5):
        open_an_item(f"leaf:{number}", at=AT)
    remind(AT)

    jobs.drain("notices.mail")

    assert "\nhttps://audit.example.com/\n" in sent()[0].get_content()
