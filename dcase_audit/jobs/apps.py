from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "dcase_audit.jobs"
    default_auto_field = "django.db.models.BigAutoField"
