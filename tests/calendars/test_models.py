from __future__ import annotations

from datetime import date, time
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from dcase_audit.calendars.business_days import business_days
from dcase_audit.calendars.models import Calendar, Holiday, organisation_days
from tests.statements import statements

pytestmark = pytest.mark.django_db
TOKYO = ZoneInfo("Asia/Tokyo")
YEARS = range(2026, 2028)


@pytest.fixture
def own_days() -> None:
    Holiday.objects.create(day=date(2026, 12, 31), name_ja="大納会後の休業日")
    Holiday.objects.create(day=date(2026, 12, 26), name_ja="振替営業日", is_business_day=True)
    Holiday.objects.create(day=date(2026, 11, 23), name_ja="祝日営業", is_business_day=True)


def test_business_hours_follow_the_country_and_the_organisation(own_days: None) -> None:
    calendar = Calendar(key="business-days", opens=time(6), closes=time(22), days=Calendar.Days.BUSINESS)

    rule = calendar.service_calendar(TOKYO, years=YEARS)

    assert rule.counts(date(2026, 12, 26))  # a Saturday that the organisation works on
    assert rule.counts(date(2026, 11, 23))  # a public holiday that it works on
    assert not rule.counts(date(2026, 12, 31))
    assert not rule.counts(date(2027, 1, 1))


def test_the_hours_that_count_and_the_days_that_people_work_on_are_the_same_days(own_days: None) -> None:
    rule = Calendar(key="b", opens=time(6), closes=time(22), days="JP-business").service_calendar(TOKYO, years=YEARS)
    is_business_day = business_days(*organisation_days())
    days = [date.fromordinal(date(2026, 1, 1).toordinal() + n) for n in range(730)]

    assert [day for day in days if rule.counts(day)] == [day for day in days if is_business_day(day)]


def test_every_day_means_holidays_too(own_days: None) -> None:
    night = Calendar(key="every-night", opens=time(22), closes=time(6)).service_calendar(TOKYO, years=YEARS)

    assert night.counts(date(2026, 12, 31))
    assert not night.always
    assert Calendar(key="24x7", always=True).service_calendar(TOKYO, years=YEARS).always


def test_the_organisations_days_take_one_query(own_days: None) -> None:
    with statements() as sent:
        closed, opened = organisation_days()

    assert len(sent) == 1
    assert closed == {date(2026, 12, 31)}
    assert opened == {date(2026, 12, 26), date(2026, 11, 23)}


def test_a_calendar_without_hours_is_refused() -> None:
    calendar = Calendar(key="empty")

    with pytest.raises(ValidationError):
        calendar.full_clean()
    with pytest.raises(IntegrityError):
        calendar.save()
