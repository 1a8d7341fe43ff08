from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EvidenceConfig(AppConfig):
    name = "evidence"
    verbose_name = _("Evidence")
    default_auto_field = "django.db.models.BigAutoField"
    # Events after which a checkpoint is time-stamped soon (trail.stamping).
    decisions = tuple(
        f"revision.{taken}"
        for taken in ("accepted", "returned", "withdrawn", "voided", "annulment_proposed", "annulled")
    )
