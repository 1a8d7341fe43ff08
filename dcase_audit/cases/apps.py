from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "dcase_audit.cases"
    default_auto_field = "django.db.models.BigAutoField"
    # Events after which a checkpoint is time-stamped soon (trail.stamping).
    decisions = ("edition.published",)
