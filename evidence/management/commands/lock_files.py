from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dcase_audit.errors import AuditError
from evidence.models import Artefact
from evidence.services.locking import lock_files
from evidence.storage import object_store


class Command(BaseCommand):
    help = (
        "Have the bucket lock every file of submitted evidence as long as it has to be kept, and hold what is on legal"
        " hold: for a bucket that files were copied into, or that got its lock late. A repeat changes nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not object_store().locks:
            raise CommandError("OBJECT_STORE_URL names no bucket with lock=governance or lock=compliance")
        files = refused = 0
        for artefact in Artefact.objects.order_by("pk").iterator():
            try:
                files += lock_files(artefact.pk)
            except AuditError as refusal:
                refused += 1
                self.stderr.write(f"{artefact.key}: {refusal.detail}")
        self.stdout.write(f"{files} files are locked as long as they have to be kept.")
        if refused:
            raise SystemExit(1)
