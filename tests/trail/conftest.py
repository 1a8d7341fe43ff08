"""Ways to see what the database was told, and to be nobody."""

from __future__ import annotations

import contextvars
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, ParamSpec, TypeVar

import psycopg
import pytest
from django.db import DatabaseError, connection

from dcase_audit.embedded import roles
from dcase_audit.trail.context import acting
from tests.server import BOTH, Server, sequencing

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

# What capture does: a statement's trigger asks who acts, and refuses where nobody does.
WATCH = """
CREATE TABLE public.seen (id bigint GENERATED ALWAYS AS IDENTITY, statement text, context jsonb);
CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF EXISTS (SELECT FROM changed) THEN
        INSERT INTO public.seen (statement, context) VALUES (TG_OP, trail.context());
    END IF;
    RETURN NULL;
END $$;
GRANT SELECT ON public.seen TO dcase_app;
CREATE TRIGGER i AFTER INSERT ON public.accounts_party REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION public.see();
CREATE TRIGGER u AFTER UPDATE ON public.accounts_party REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION public.see();
CREATE TRIGGER d AFTER DELETE ON public.accounts_party REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION public.see();
"""


@pytest.fixture
def as_owner(server: Server, transactional_db: None) -> Iterator[None]:
    """Django as the owner, as ``migrate`` is, in a database of this test."""
    server.become(roles.OWNER)
    with acting("command:migrate"):
        yield
    server.become(BOTH)


class Event(NamedTuple):
    kind: str
    subject: str
    payload: dict[str, Any]
    context: dict[str, Any]


def by_nobody(call: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """Call without any actor, as code does that no door of the product let in."""
    return contextvars.Context().run(call, *args, **kwargs)


def sqlstate(error: DatabaseError) -> str | None:
    """Return what PostgreSQL says the error is."""
    assert isinstance(error.__cause__, psycopg.Error)
    return error.__cause__.sqlstate


def recorded() -> list[Event]:
    """Return the outbox's named events, read as the sequencer."""
    with sequencing(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, subject, payload::text, context FROM trail.outbox WHERE source = 'app' ORDER BY id"
        )
        return [Event(kind, subject, json.loads(payload), json.loads(said)) for kind, subject, payload, said in cursor]


@pytest.fixture
def owner(server: Server, transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """The owner's connection to this test's own database."""
    with psycopg.connect(server.url(roles.OWNER, connection.settings_dict["NAME"]), autocommit=True) as connected:
        yield connected


@pytest.fixture
def seen(owner: psycopg.Connection[Any]) -> Callable[[], list[tuple[str, dict[str, Any]]]]:
    """Watch writes of parties; return the statements with the context that each was done in."""
    owner.execute(WATCH)
    return lambda: owner.execute("SELECT statement, context FROM public.seen ORDER BY id").fetchall()
