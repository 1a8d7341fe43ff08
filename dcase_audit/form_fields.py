"""What people enter in forms: days and moments within the years that the API takes, and JSON that can be stored.

Beyond those years PostgreSQL keeps moments that Python cannot read back, and one such row would bring every list down.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, TypeVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput
from django.utils.translation import gettext as _

from dcase_audit import strict_json
from dcase_audit.moments import YEARS

D = TypeVar("D", bound=date)


class DayField(forms.DateField):
    """A day."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> date | None:
        return _within_years(super().to_python(value))


class MomentField(forms.DateTimeField):
    """A moment in the zone that is active."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> datetime | None:
        return _within_years(super().to_python(value))


class JSONField(forms.JSONField):
    """JSON that has one reading, as the API takes it."""

    def to_python(self, value: Any) -> Any:
        if _has_no_reading(value):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        return InvalidJSONInput(data) if _has_no_reading(data) else super().bound_data(data, initial)


def _has_no_reading(value: Any) -> bool:
    """Tell whether a text was entered that is no JSON as the API takes it."""
    if not isinstance(value, str) or not value.strip():
        return False
    try:
        strict_json.loads(value.encode(), limit=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    except strict_json.StrictJSONError:
        return True
    return False


def _within_years(entered: D | None) -> D | None:
    """Refuse a day or moment of another year than those that evidence has its place in."""
    if entered is not None and entered.year not in YEARS:
        years = {"first": YEARS[0], "last": YEARS[-1]}
        raise ValidationError(_("The year lies outside of %(first)d to %(last)d.") % years)
    return entered
