from django.apps import AppConfig


class VerificationConfig(AppConfig):
    name = "dcase_audit.verification"
    default_auto_field = "django.db.models.BigAutoField"
