from datetime import datetime

from django.apps import AppConfig
from django.conf import settings

from dcase_audit import clock


class DemoConfig(AppConfig):
    name = "dcase_audit.demo"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        if settings.DEMO_NOW:
            clock.fix(datetime.fromisoformat(settings.DEMO_NOW))
