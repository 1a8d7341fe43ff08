from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "dcase_audit.reports"
    default_auto_field = "django.db.models.BigAutoField"
