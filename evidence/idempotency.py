"""A request that is sent again is answered again and not done again.

The first answer is kept with the work that it is about, in one transaction, for as long as the evidence. Refusals are
not kept: whoever was refused may mend the request and send it under the same key.

Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from django.db import connection, transaction
from rest_framework.response import Response

from dcase_audit import clock
from dcase_audit.accounts.models import User
from dcase_audit.api_refusals import BadHeader, HTTPRefusal, Malformed
from dcase_audit.api_views import ApiView, header_text
from dcase_audit.errors import AuditError
from dcase_audit.trail.context import send
from dcase_audit.trail.sealing import sealed
from dcase_audit.trail.statements import rows
from evidence.models import IdempotencyRecord

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
MADE = frozenset({201, 202})
LOOK_AGAIN = "2"

Fields = Iterable[tuple[str, str]]


class KeyMissing(Malformed):
    """This call is not made without an ``Idempotency-Key``: a repeat after a time-out would be done twice (400)."""

    slug = "idempotency-key-missing"
    title = "An Idempotency-Key is needed"


class KeyReused(AuditError):
    """The key stands for another request of the same account (422)."""

    status = 422
    slug = "idempotency-key-reused"
    title = "The Idempotency-Key was used for another request"


class StillRunning(HTTPRefusal):
    """The first request with this key is being worked on (409)."""

    status = 409
    slug = "idempotency-still-running"
    title = "A request with this Idempotency-Key is still running"


class Asked(NamedTuple):
    """A request: its key, and what another sending of it has in common with it."""

    key: str
    fingerprint: str


class Known(NamedTuple):
    """What was asked and answered before under a key."""

    fingerprint: str
    status: int
    body: dict[str, Any]


class Done(NamedTuple):
    """What the work came to: the status and the JSON of its answer."""

    status: int
    body: dict[str, Any]


def key_of(view: ApiView) -> str | None:
    """Return the key of the request, without the quotes of a structured field.

    Raises:
        BadHeader: longer than 255 characters, or other than visible ASCII (400).
    """
    text = header_text(view.request, HEADER, longest=257)
    if text is None:
        return None
    key = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    if not 1 <= len(key) <= 255 or re.search(r"\s", view.request.headers[HEADER]):
        raise BadHeader(HEADER, "From 1 to 255 visible ASCII characters are expected.")
    return key


def fingerprint(method: str, route: str, fields: Fields, files: Iterable[str] = ()) -> str:
    """Return what two sendings of one request have in common: fields in any order, files by their SHA-256 in theirs."""
    return hashlib.sha256(json.dumps([method, route, sorted(fields), list(files)]).encode()).hexdigest()


def members_of(view: ApiView) -> list[tuple[str, str]]:
    """Return the members of a JSON body as fields, each in one spelling."""
    body: Any = view.request.data
    return [(name, json.dumps(member, sort_keys=True)) for name, member in body.items()]


def answer(
    view: ApiView,
    work: Callable[[], Done],
    *,
    fields: Fields,
    files: Iterable[str] = (),
    required: bool = False,
    key: str | None = None,
) -> Response:
    """Do ``work`` once for each key, in one transaction with the record of its answer; without a key it is simply done.

    The key is that of the header, unless it is given.

    Raises:
        KeyMissing: the call needs a key (400). KeyReused (422). StillRunning (409).
    """
    key = key or key_of(view)
    if key is None:
        if required:
            raise KeyMissing()
        return _answered(work())
    method, route = str(view.request.method), view.request.path
    done, is_replay = once(view.user, f"{method} {route}", key, fingerprint(method, route, fields, files), work)
    response = _answered(done)
    if is_replay:
        response.headers[REPLAYED] = "true"
    return response


def once(account: User, route: str, key: str, print_: str, work: Callable[[], Done]) -> tuple[Done, bool]:
    """Do ``work`` unless the account did it before under ``key``; tell whether the answer is that of before.

    Raises:
        KeyReused (422). StillRunning (409).
    """
    found = once_each(account, route, [Asked(key, print_)], lambda _: [work()])[0]
    if isinstance(found, AuditError):
        raise found
    return found


def once_each(
    account: User, route: str, asked: Sequence[Asked], work: Callable[[list[int]], Sequence[Done | AuditError]]
) -> list[tuple[Done, bool] | AuditError]:
    """Do many things as ``once`` does, in one transaction; each comes to its answer, or to what refuses it.

    No key is there twice. ``work`` gets the places of what is to be done and returns what each came to; what it raises
    undoes all.
    """
    found: dict[int, tuple[Done, bool] | AuditError] = {}
    with transaction.atomic():
        # One message begins the transaction and tells it who acts.
        send(connection)
        locked = _locked([f"{account.pk} {route} {each.key}" for each in asked])
        known = _known(account, route, [each.key for each, is_ours in zip(asked, locked, strict=True) if is_ours])
        for place, (each, is_ours) in enumerate(zip(asked, locked, strict=True)):
            if not is_ours:
                found[place] = StillRunning(headers={"Retry-After": "1"})
            elif each.key in known:
                found[place] = _replayed(known[each.key], each.fingerprint)
        wanted = [place for place in range(len(asked)) if place not in found]
        records = []
        for place, done in zip(wanted, work(wanted) if wanted else (), strict=True):
            found[place] = done if isinstance(done, AuditError) else (done, False)
            if isinstance(done, Done):
                records.append(_record(account, route, asked[place], done))
        IdempotencyRecord.objects.bulk_create(records)
    return [found[place] for place in range(len(asked))]


def _locked(names: Sequence[str]) -> list[bool]:
    """Take the locks of keys for this transaction; False where another has one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended('idempotency ' || n, 0))"
            " FROM unnest(%s::text[]) WITH ORDINALITY u (n, place) ORDER BY place",
            [list(names)],
        )
        return [bool(row[0]) for row in cursor.fetchall()]


def _known(account: User, route: str, keys: Sequence[str]) -> dict[str, Known]:
    query = """SELECT key, fingerprint, status, body FROM evidence_idempotencyrecord
    WHERE account_id = %s AND route = %s AND key = ANY(%s)"""
    return {key: Known(*known) for key, *known in rows(query, [account.pk, route, list(keys)])}


def _record(account: User, route: str, asked: Asked, done: Done) -> IdempotencyRecord:
    return IdempotencyRecord(
        account=account,
        route=route,
        key=asked.key,
        fingerprint=asked.fingerprint,
        status=done.status,
        body=done.body,
        created_at=clock.now(),
    )


def _replayed(record: Known, print_: str) -> tuple[Done, bool] | AuditError:
    if record.fingerprint != print_:
        return KeyReused("Its method, address, fields or files differ from those of the first request.")
    # What is in the log was not yet when the first answer was given.
    news = {"trail": sealed(record.body["trail"]["event"])} if "trail" in record.body else {}
    return Done(record.status, record.body | news), True


def _answered(done: Done) -> Response:
    headers = {"Location": done.body["href"]} if done.status in MADE else {}
    if done.status == 202:
        headers["Retry-After"] = LOOK_AGAIN
    return Response(done.body, status=done.status, headers=headers)
