from __future__ import annotations

import json
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dcase_audit import clock
from dcase_audit.accounts.models import User
from dcase_audit.errors import AuditError
from dcase_audit.jobs.services import drain
from dcase_audit.moments import say
from dcase_audit.trail.context import on_behalf_of
from evidence.disposable import Disposable, disposable, surely_past
from evidence.services.disposal import REMOVE, dispose
from evidence.storage.objects import SHA256


class Command(BaseCommand):
    help = (
        "List the evidence files that nothing keeps any more; with --reason and --actor dispose of those named."
        " Their rows, digests and decisions stay. Exit 1 if one of them was refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", type=_digest, metavar="SHA256", help="only these files")
        parser.add_argument("--all", action="store_true", help="dispose of all that are listed")
        parser.add_argument("--reason", help="why they go; without it nothing is done but listing")
        parser.add_argument("--actor", metavar="USERNAME", help="who decides it: a department's head, or management")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted, found = options["files"], disposable()
        if wanted:
            found = [one for one in found if one.file.sha256 in wanted]
        if options["reason"] is None:
            self._list(found, as_json=options["json"])
            return
        if not (wanted or options["all"]):
            raise CommandError("name the files by their SHA-256, or say --all")
        if missing := sorted(set(wanted) - {one.file.sha256 for one in found}):
            raise CommandError(f"not among what may go: {', '.join(missing)}")
        refused = self._dispose(found, _person(options["actor"]), options["reason"])
        # What an earlier run decided and did not finish is finished with it.
        self.stdout.write(f"{drain(REMOVE)} files were removed")
        if refused:
            raise SystemExit(1)

    def _list(self, found: list[Disposable], *, as_json: bool) -> None:
        judged = surely_past()
        if as_json:
            files = [one.as_json() for one in found]
            self.stdout.write(json.dumps({"judged_at": say(judged), "files": files}, ensure_ascii=False, indent=1))
            return
        for one in found:
            self.stdout.write(str(one))
        self.stdout.write(f"{len(found)} files may go, judged at {say(judged)}; nothing was done")

    def _dispose(self, found: list[Disposable], actor: User, reason: str) -> int:
        refused = 0
        with on_behalf_of(actor.username):
            for one in found:
                try:
                    dispose(file=one.file, actor=actor, at=clock.now(), reason=reason)
                except AuditError as refusal:
                    refused += 1
                    self.stderr.write(f"{one.file.sha256}: {refusal.detail}")
                else:
                    self.stdout.write(f"{one.file.sha256}: disposed of")
        return refused


def _digest(text: str) -> str:
    if not SHA256.fullmatch(text):
        raise ArgumentTypeError(f"{text[:80]!r} is no SHA-256 in lower-case hex")
    return text


def _person(name: str | None) -> User:
    if not name:
        raise CommandError("--actor names the person who decides this")
    found: User | None = User.objects.people().filter(username=name).first()
    if found is None:
        raise CommandError(f"there is nobody called {name}")
    return found
