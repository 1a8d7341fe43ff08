"""The bytes of evidence, and which revisions they are part of."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.contrib.postgres.fields import ArrayField
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

    class Flag(models.TextChoices):
        """What was seen in a file that its reviewer should know before opening it (``evidence.examining``)."""

        ARCHIVE_ENCRYPTED = "archive_encrypted", _("an archive with a password, whose files were not looked at")
        ARCHIVE_NOT_EXAMINED = "archive_not_examined", _("a packed file that was not looked into")
        IMAGE_UNREADABLE = "image_unreadable", _("an image that cannot be read")
        OFFICE_ENCRYPTED = "office_encrypted", _("an office file with a password")
        PDF_ACTIONS = "pdf_actions", _("a PDF that does something when it is opened")
        PDF_ATTACHMENTS = "pdf_attachments", _("a PDF with files inside")
        PDF_ENCRYPTED = "pdf_encrypted", _("a PDF that is encrypted and was not looked into")
        PDF_JAVASCRIPT = "pdf_javascript", _("a PDF with JavaScript")
        PDF_LAUNCH = "pdf_launch", _("a PDF that starts programs")
        PDF_LINKS = "pdf_links", _("a PDF with links to other places")
        PDF_NOT_EXAMINED = "pdf_not_examined", _("a PDF that was too large to be looked into as a whole")
        PDF_UNREADABLE = "pdf_unreadable", _("a PDF that cannot be read as a whole")

    revision = models.ForeignKey(Revision, models.PROTECT, related_name="files")
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="uses")
    position = models.PositiveSmallIntegerField(_("place"))
    role = models.CharField(_("role"), max_length=12, choices=Role.choices, default=Role.MAIN)
    language = models.CharField(_("language"), max_length=10, blank=True)
    name = models.CharField(_("name"), max_length=255)
    source_url = models.URLField(max_length=2000, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)
    # Null of what no person sent, and of what was received before files were examined.
    flags = ArrayField(models.CharField(max_length=24, choices=Flag.choices), null=True)

    objects: models.Manager[RevisionFile] = models.Manager()

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["revision", "position"], name="one_file_a_place"),
            models.UniqueConstraint(fields=["revision", "file"], name="one_use_a_file"),
        ]

    @property
    def flagged(self) -> list[str]:
        """What was seen in the file, in words."""
        return [str(self.Flag(flag).label) for flag in self.flags or []]
