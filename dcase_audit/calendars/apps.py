from django.apps import AppConfig


class CalendarsConfig(AppConfig):
    name = "dcase_audit.calendars"
    default_auto_field = "django.db.models.BigAutoField"
