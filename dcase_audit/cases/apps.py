from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "dcase_audit.cases"
    default_auto_field = "django.db.models.BigAutoField"
