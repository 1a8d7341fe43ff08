from __future__ import annotations

from dcase_audit import clock
from dcase_audit.jobs.registry import register
from dcase_audit.notices import mail
from dcase_audit.notices.models import Notice


# Twenty attempts, an hour apart in the end, outlast a mail server's bad night.
@register("notices.mail", queue="notify", attempts=20)
def mail_notice(notice_id: int) -> None:
    mail.send(Notice.objects.select_related("recipient").get(pk=notice_id), at=clock.now())
