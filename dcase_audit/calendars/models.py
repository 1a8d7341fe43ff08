"""The organisation's own days: calendars that criteria name, and days added to or taken from the public holidays."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dcase_audit.accounts.models import KEY
from dcase_audit.calendars.business_days import holidays_of
from dcase_audit.calendars.service_time import ServiceCalendar
from dcase_audit.trail.statements import rows


class Holiday(models.Model):
    """A day on which the organisation's rule differs from the country's: closed, or (``is_business_day``) open."""

    day = models.DateField(_("day"), unique=True)
    is_business_day = models.BooleanField(_("is a business day"), default=False)
    name_ja = models.CharField(_("name (Japanese)"), max_length=100)
    name_en = models.CharField(_("name (English)"), max_length=100, blank=True)

    objects: models.Manager[Holiday] = models.Manager()

    class Meta:
        verbose_name = _("organisation holiday")
        verbose_name_plural = _("organisation holidays")
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day} {self.name_ja}"


class Calendar(models.Model):
    """The hours that count for something: always, or from a time until a time on every day or on business days."""

    class Days(models.TextChoices):
        EVERY = "every", _("every day")
        BUSINESS = "JP-business", _("business days (Japan and the organisation)")

    key = models.CharField(_("key"), max_length=60, unique=True, validators=[KEY])
    always = models.BooleanField(_("counts always"), default=False)
    opens = models.TimeField(_("opens"), null=True, blank=True)
    closes = models.TimeField(_("closes"), null=True, blank=True)
    days = models.CharField(_("days"), max_length=12, choices=Days.choices, default=Days.EVERY)

    objects: models.Manager[Calendar] = models.Manager()

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")
        ordering = ["key"]
        constraints = [
            models.CheckConstraint(
                condition=Q(always=True) | Q(opens__isnull=False, closes__isnull=False), name="calendar_has_hours"
            ),
        ]

    def __str__(self) -> str:
        return self.key

    def clean(self) -> None:
        if not self.always and (self.opens is None or self.closes is None):
            raise ValidationError(_("A calendar has hours, or counts always."))

    def service_calendar(self, zone: ZoneInfo, *, years: range) -> ServiceCalendar:
        """Return the plain value that the rules count with; holidays are looked up for ``years``."""
        if self.always or self.opens is None or self.closes is None:
            return ServiceCalendar(zone)
        if self.days == self.Days.EVERY:
            return ServiceCalendar(zone, False, self.opens, self.closes)
        closed, opened = organisation_days()
        return ServiceCalendar(
            zone, False, self.opens, self.closes, frozenset(range(5)), holidays_of(years) | closed, opened
        )


def organisation_days() -> tuple[frozenset[date], frozenset[date]]:
    """Return the organisation's own closed days and its extra business days, in one query."""
    days = rows("SELECT day, is_business_day FROM calendars_holiday")
    return frozenset(day for day, open_ in days if not open_), frozenset(day for day, open_ in days if open_)
