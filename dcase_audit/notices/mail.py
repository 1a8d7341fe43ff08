"""Send a notice by mail: at least once, and always under the same Message-ID, so that a repeat shows as one."""

from __future__ import annotations

import hashlib
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from dcase_audit.direction import written_out
from dcase_audit.notices import wording
from dcase_audit.notices.audience import may_be_told
from dcase_audit.notices.models import Notice

TIMEOUT = 30  # seconds: a mail server that hangs must not outlast the job's lease


def send(notice: Notice, *, at: datetime) -> bool:
    """Mail ``notice`` unless it has gone out, its reader has left or has no address; return whether it went out now.

    Raises what the mail server answers; the notice then counts as not mailed.
    """
    if notice.mailed_at is not None or not notice.recipient.email or not may_be_told(notice.recipient):
        return False
    letter(notice).send()
    Notice.objects.filter(pk=notice.pk).update(mailed_at=at)
    return True


def letter(notice: Notice) -> EmailMessage:
    """Return the mail that carries ``notice``, in its reader's language."""
    language = wording.language_of(notice.recipient)
    link = settings.PUBLIC_URL.rstrip("/") + (notice.href or wording.INBOX)
    context = {"notice": notice, "name": notice.recipient.name(language), "link": link}
    said = wording.rendered("letter", language, context)
    headers = {
        "Message-ID": message_id(notice),
        "Auto-Submitted": "auto-generated",  # RFC 3834: no holiday replies, please
        "Content-Language": language,
    }
    connection = get_connection(timeout=TIMEOUT)
    subject, body = written_out(said.subject), written_out(said.body)
    return EmailMessage(subject, body, to=[notice.recipient.email], headers=headers, connection=connection)


def message_id(notice: Notice) -> str:
    """Return the same identifier for the same notice, whoever sends it and how often."""
    named = f"{settings.PUBLIC_URL}\n{notice.recipient_id}\n{notice.key}"
    return f"<notice.{hashlib.sha256(named.encode()).hexdigest()[:40]}@{urlsplit(settings.PUBLIC_URL).hostname}>"
