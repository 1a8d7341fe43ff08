"""The made-up exchange at work: what its people do, each act through the service that does it for everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from typing import NamedTuple

from dcase_audit import clock
from dcase_audit.accounts.authentication import token_access
from dcase_audit.accounts.models import ApiToken, Party, User
from dcase_audit.cases.models import Case, Node
from dcase_audit.demo.cast import MACHINE
from dcase_audit.demo.year import Year
from dcase_audit.jobs.services import drain
from dcase_audit.trail.context import acting
from drills.models import Drill, Occurrence
from evidence import services as evidence
from evidence.examining import examine
from evidence.models import Artefact, Revision, RevisionFile, Subject
from evidence.storage import store_file

OPERATOR = ""


class File(NamedTuple):
    """A file as somebody at the exchange hands it in."""

    name: str
    data: bytes
    media_type: str
    role: str = RevisionFile.Role.MAIN
    language: str = ""


class Exchange:
    """People and things by their keys. ``token`` is what the machine shows; None before it has one."""

    def __init__(self, year: Year) -> None:
        self.year = year
        self.token: ApiToken | None = None
        self._people: dict[str, User] = {}
        self._artefacts: dict[str, Artefact] = {}
        self._revisions: dict[str, Revision] = {}

    def person(self, username: str) -> User:
        """Return the person; the machine comes with what its token opens."""
        if username not in self._people:
            user = User.objects.get(username=username)
            if username == MACHINE and self.token is not None:
                user.__dict__["_access"] = token_access(self.token)
            self._people[username] = user
        return self._people[username]

    def party(self, key: str) -> Party:
        return Party.objects.get(key=key)

    @property
    def case(self) -> Case:
        return Case.objects.get(is_demo=True)

    def node(self, key: str) -> Node:
        return Node.objects.select_related("case").get(case__is_demo=True, key=key)

    def artefact(self, key: str) -> Artefact:
        if key not in self._artefacts:
            self._artefacts[key] = Artefact.objects.select_related("kind", "custodian", "owner").get(key=key)
        return self._artefacts[key]

    def drill(self, key: str) -> Drill:
        return Drill.objects.select_related("artefact", "department").get(key=key)

    def occurrence(self, drill: str, planned_at: datetime) -> Occurrence:
        return Occurrence.objects.select_related("drill").get(drill__key=drill, planned_at=planned_at)

    def subject(self, key: str) -> Subject:
        return Subject.objects.get(key=key)

    def versions(self, subjects: Iterable[str], *, at: datetime) -> dict[str, dict[str, str]]:
        """Return the subjects in the versions that hold at ``at``, as a revision records them."""
        found = {}
        for key in subjects:
            current = self.subject(key).versions.filter(since__lte=at).order_by("-since", "-pk").first()
            if current is not None:
                found[key] = {"version": current.version, "digest": current.digest}
        return found

    def through(self, who: str) -> str:
        """Return by what ``who`` reaches the product."""
        return f"token:{self.token.prefix}" if who == MACHINE and self.token is not None else "session"

    def files(self, files: Iterable[File], *, at: datetime) -> list[evidence.FileIn]:
        """Store files and return them as parts of a revision."""
        return [
            evidence.FileIn(
                file=store_file(BytesIO(file.data), media_type=file.media_type, at=at),
                name=file.name,
                role=file.role,
                language=file.language,
                flags=examine(BytesIO(file.data), name=file.name, declared=file.media_type),
            )
            for file in files
        ]

    def remember(self, name: str, revision: Revision) -> None:
        """Keep a revision under a name of the story, for who decides on it later."""
        self._revisions[name] = revision

    def recall(self, name: str) -> Revision:
        return Revision.objects.select_related("artefact").get(pk=self._revisions[name].pk)


Act = Callable[[Exchange, datetime], None]


class Event(NamedTuple):
    """What somebody (a username, or the operator) does at a moment. ``quiet``: it leaves nothing to be told."""

    at: datetime
    who: str
    act: Act
    quiet: bool = False


@contextmanager
def present(exchange: Exchange, event: Event) -> Iterator[None]:
    """Let it be the event's moment, and let the trail name who acts."""
    if event.who == OPERATOR:
        actor = "command:demo"
    elif event.who == MACHINE:
        actor = exchange.through(MACHINE)
    else:
        actor = f"user:{exchange.person(event.who).pk}"
    with clock.at(event.at), acting(actor, reason="demo"):
        yield


def run(events: Iterable[Event], exchange: Exchange) -> int:
    """Let the events happen in order of time, each followed by the jobs it left; return how many there were.

    Events of one moment happen in the order in which they were given.
    """
    ordered = sorted(events, key=lambda event: event.at)
    for event in ordered:
        with present(exchange, event):
            event.act(exchange, event.at)
            if not event.quiet:
                drain()
    return len(ordered)
