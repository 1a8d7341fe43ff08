from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "dcase_audit.demo"
    default_auto_field = "django.db.models.BigAutoField"
