from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "dcase_audit.notices"
    default_auto_field = "django.db.models.BigAutoField"
