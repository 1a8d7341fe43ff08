"""What keeps evidence, and what was disposed of once nothing did."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from evidence.models.artefacts import Artefact, Kind, Revision
from evidence.models.files import StoredFile
from evidence.querysets import DisposalQuerySet, LegalHoldQuerySet


class LegalHold(models.Model):
    """That a revision, or an artefact with all its revisions, is kept whatever its retention says, since when and why.

    ``placed_by`` is null only where a hold was there before holds had a name to them.
    """

    append_only: ClassVar[bool] = True

    artefact = models.ForeignKey(Artefact, models.PROTECT, related_name="holds", verbose_name=_("artefact"))
    revision = models.ForeignKey(
        Revision, models.PROTECT, null=True, blank=True, related_name="holds", verbose_name=_("revision")
    )
    reason = models.TextField(_("reason"))
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("placed by")
    )
    placed_at = models.DateTimeField(_("placed"))

    objects = LegalHoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        ordering = ["placed_at", "id"]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="hold_gives_a_reason")]


class HoldRelease(models.Model):
    """That a hold ended, by another person's hand than it began."""

    append_only: ClassVar[bool] = True

    hold = models.OneToOneField(LegalHold, models.PROTECT, related_name="release", verbose_name=_("legal hold"))
    reason = models.TextField(_("reason"))
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("released by")
    )
    released_at = models.DateTimeField(_("released"))

    objects: models.Manager[HoldRelease] = models.Manager()

    class Meta:
        verbose_name = _("release of a legal hold")
        verbose_name_plural = _("releases of legal holds")
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="release_gives_a_reason")]


class RetentionExtension(models.Model):
    """That a revision is kept longer than its kind asks for; the row itself moves the revision's ``retain_until``.

    ``before`` is what that was; the database fills it in.
    """

    append_only: ClassVar[bool] = True

    revision = models.ForeignKey(Revision, models.PROTECT, related_name="extensions", verbose_name=_("revision"))
    until = models.DateTimeField(_("kept at least until"))
    before = models.DateTimeField(_("until then kept at least until"), editable=False)
    basis = models.CharField(_("kept by reason of"), max_length=8, choices=Kind.Basis.choices)
    text_ja = models.CharField(_("basis of the retention (Japanese)"), max_length=300, blank=True)
    text_en = models.CharField(_("basis of the retention (English)"), max_length=300, blank=True)
    extended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("extended by")
    )
    extended_at = models.DateTimeField(_("extended"))

    objects: models.Manager[RetentionExtension] = models.Manager()

    class Meta:
        verbose_name = _("extension of a retention")
        verbose_name_plural = _("extensions of retentions")
        ordering = ["until"]
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("before")), name="extension_extends"),
            models.CheckConstraint(condition=~Q(text_ja="", text_en=""), name="extension_says_its_basis"),
        ]


class Disposal(models.Model):
    """That a file is disposed of, since when, by whom and why; its row, its digest and all decisions stay.

    From ``disposed_at`` on nobody is given the bytes. They are gone at ``removed_at``; a hold, or a longer retention,
    that comes before that stops it (``stopped_at``), and bytes that are received anew are there again
    (``restored_at``). ``basis``, the texts and ``kept_until`` say what had kept the file longest; the database fills
    them in.
    """

    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="disposals", verbose_name=_("file"))
    reason = models.TextField(_("reason"))
    basis = models.CharField(_("was kept by reason of"), max_length=8, choices=Kind.Basis.choices, editable=False)
    text_ja = models.CharField(_("basis of the retention (Japanese)"), max_length=300, editable=False)
    text_en = models.CharField(_("basis of the retention (English)"), max_length=300, editable=False)
    kept_until = models.DateTimeField(_("was kept until"), editable=False)
    disposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("disposed of by")
    )
    disposed_at = models.DateTimeField(_("disposed of"))
    removed_at = models.DateTimeField(_("bytes removed"), null=True, blank=True)
    stopped_at = models.DateTimeField(_("stopped"), null=True, blank=True)
    restored_at = models.DateTimeField(_("received anew"), null=True, blank=True)

    objects = DisposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("disposal of a file")
        verbose_name_plural = _("disposals of files")
        ordering = ["disposed_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="disposal_gives_a_reason"),
            models.UniqueConstraint(
                fields=["file"], condition=Q(stopped_at=None, restored_at=None), name="one_standing_disposal"
            ),
        ]

    @property
    def stands(self) -> bool:
        """Tell whether the file is gone, or on its way out."""
        return self.stopped_at is None and self.restored_at is None
