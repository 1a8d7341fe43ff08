"""Statements that the server binds and prepares: many values, and a column that changes under them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import NotSupportedError, connection

from dcase_audit.accounts.models import Party
from dcase_audit.api_errors import refusal_of
from dcase_audit.api_refusals import Unavailable
from evidence.models import Decision, Revision

MANY = 70_000


@pytest.mark.django_db
def test_more_values_than_a_statement_has_parameters_are_looked_up() -> None:
    assert list(Party.objects.filter(pk__in=range(1, MANY))) == []
    assert list(Party.objects.filter(key__in=[f"party-{n}" for n in range(MANY)])) == []
    assert list(Decision.objects.filter(revision__in=range(1, MANY))) == []
    assert Revision.objects.exclude(pk__in=range(1, MANY)).filter(verdict__in=list(Revision.Verdict)).count() == 0


@pytest.mark.django_db
def test_values_of_every_kind_are_found() -> None:
    party = Party.objects.create(key="it", name_ja="情報", name_en="IT")

    assert list(Party.objects.filter(key__in=["it", "it", None])) == [party]
    assert list(Party.objects.filter(pk__in=[party.pk, 2**62])) == [party]
    assert list(Party.objects.filter(pk__in=Party.objects.filter(key__in=("it",)))) == [party]
    assert list(Party.objects.exclude(key__in=["it"])) == []
    assert list(Party.objects.filter(key__in=[])) == []


@pytest.mark.usefixtures("as_owner")
def test_a_column_that_changes_under_a_prepared_statement_is_a_503_once() -> None:
    def read() -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM prepared WHERE id = ANY(%s)", [[1, 2]])
            return list(cursor.fetchall())

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE prepared (id bigint, name varchar(60))")
    for _ in range(3):
        read()
    migrating = connection.copy()
    with migrating.cursor() as cursor:
        cursor.execute("ALTER TABLE prepared ALTER name TYPE varchar(100)")
    migrating.close()

    with pytest.raises(NotSupportedError) as failed:
        read()

    refusal = refusal_of(failed.value)
    assert isinstance(refusal, Unavailable)
    assert refusal.headers["Retry-After"] == "5"
    assert read() == []
