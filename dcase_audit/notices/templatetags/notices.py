"""What waits in the inbox, for the frame of every page."""

from __future__ import annotations

from django import template

from dcase_audit.accounts.models import User
from dcase_audit.notices.models import Notice

register = template.Library()


@register.simple_tag
def unread_count(user: User) -> int:
    """Count the user's notices that were not read yet."""
    return Notice.objects.visible_to(user).filter(read_at=None).count()
