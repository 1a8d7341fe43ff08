"""What tests of retention share: kinds that ask for little or much, and what the database says and refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from evidence import services
from evidence.models import Artefact, Disposal, Kind, Revision
from tests.cast import NOW, Cast, submitted
from tests.trail.conftest import sqlstate

DAY = timedelta(days=1)
# The machine's clock is past this, whatever the domain's says.
LONG_AGO = NOW - 3 * 365 * DAY
LAW = {"retention_basis": "law", "retention_text_ja": "金融商品取引法", "retention_text_en": "FIEA"}


def asks(cast: Cast, kind: str = "drill-record", **retention: str) -> None:
    """Have a kind ask for something else from now on."""
    Kind.objects.filter(pk=cast.kinds[kind].pk).update(**retention)


def kept(of: Revision) -> datetime | None:
    found: datetime | None = Revision.objects.with_kept_until().get(pk=of.pk).kept_until  # type: ignore[attr-defined]
    return found


def over(cast: Cast, of: Artefact | None = None, *, content: bytes = b"over", **more: Any) -> Revision:
    """Hand in a revision whose validity and retention have ended by any clock."""
    artefact = of or cast.night_drills
    kind = Kind.objects.filter(pk=artefact.kind_id)
    before = kind.values("retention", "retention_from").get()
    kind.update(retention="P1D", retention_from="received")
    author = cast.olga if artefact.custodian == cast.it_service else cast.bo
    found = submitted(artefact, author, content=content, valid_until=NOW - DAY, **more)
    kind.update(**before)
    return found


def dispose(revision: Revision, cast: Cast, who: str = "hana") -> Disposal:
    file = revision.files.get().file
    return services.dispose(file=file, actor=cast.people[who], at=NOW, reason="保存期間の満了")


def refused(write: Callable[[], object]) -> str | None:
    """Return the SQLSTATE by which the database refuses."""
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        write()
    return sqlstate(error.value)


def sql(statement: str, *values: Any) -> Callable[[], None]:
    """Return the act of running a statement as the application."""

    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)

    return run
