"""Links by which people set their passwords: an administrator has one sent, and never knows a password."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from dcase_audit.accounts.models import User
from dcase_audit.errors import AuditError
from dcase_audit.trail.events import record

TIMEOUT = 30  # seconds


class NoAddress(AuditError):
    """Nobody can be written to."""

    status = 409
    slug = "no-address"
    title = "The account has no e-mail address, or is no person's"


def send(user: User) -> None:
    """Write to the person with a link that sets the password; it opens once, within ``PASSWORD_RESET_TIMEOUT``.

    What a mail server answers is raised, and nothing is recorded then.

    Raises:
        NoAddress: it is a machine's account, one that may not log in, or has no address (409).
    """
    if not user.email or user.kind != User.Kind.PERSON or not user.is_active:
        raise NoAddress(f"{user.username} cannot be sent a link.")
    with transaction.atomic():
        record("password.link_sent", f"user:{user.pk}")
        _letter(user).send()


def _letter(user: User) -> EmailMessage:
    language = user.language or "ja"
    place = {"uidb64": urlsafe_base64_encode(force_bytes(user.pk)), "token": default_token_generator.make_token(user)}
    context = {
        "name": user.name(language),
        "username": user.username,
        "link": settings.PUBLIC_URL.rstrip("/") + reverse("password-set", kwargs=place),
        "days": settings.PASSWORD_RESET_TIMEOUT // 86_400,
    }
    subject, _, body = render_to_string(f"mail/password.{language}.txt", context).strip().partition("\n\n")
    headers = {"Auto-Submitted": "auto-generated", "Content-Language": language}
    return EmailMessage(subject, body, to=[user.email], headers=headers, connection=get_connection(timeout=TIMEOUT))
