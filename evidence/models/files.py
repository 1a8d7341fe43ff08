"""The bytes of evidence, and which revisions they are part of."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from evidence.models.artefacts import Revision
from evidence.querysets import StoredFileQuerySet

if TYPE_CHECKING:
    from evidence.models.retention import Disposal


class StoredFile(models.Model):
    """Bytes that were received, by their SHA-256; written once, shared by whatever names the same bytes."""

    append_only: ClassVar[bool] = True

    sha256 = models.CharField(max_length=64, unique=True)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=100)
    stored_at = models.DateTimeField()

    objects = StoredFileQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="sha256_is_one")]

    @property
    def disposal(self) -> Disposal | None:
        """The disposal that took the bytes away, or is about to; None while they are there."""
        return next((disposal for disposal in self.disposals.all() if disposal.stands), None)


class RevisionFile(models.Model):
    """That a stored file is part of a revision: in which place, role and language, under which name it came."""

    class Role(models.TextChoices):
        MAIN = "main", _("main")
        ATTACHMENT = "attachment", _("attachment")
        TRANSLATION = "translation", _("translation")
        RAW = "raw", _("as received from a machine")
        CAPTURE = "capture", _("capture of an address")

    revision = models.ForeignKey(Revision, models.PROTECT, related_name="files")
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="uses")
    position = models.PositiveSmallIntegerField(_("place"))
    role = models.CharField(_("role"), max_length=12, choices=Role.choices, default=Role.MAIN)
    language = models.CharField(_("language"), max_length=10, blank=True)
    name = models.CharField(_("name"), max_length=255)
    source_url = models.URLField(max_length=2000, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)

    objects: models.Manager[RevisionFile] = models.Manager()

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["revision", "position"], name="one_file_a_place"),
            models.UniqueConstraint(fields=["revision", "file"], name="one_use_a_file"),
        ]
