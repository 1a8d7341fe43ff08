from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "dcase_audit.jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Each app's ``jobs`` module registers the kinds of job that it does.
        autodiscover_modules("jobs")
        # Tasks bind to the current app: without it every process but the worker would publish to a default broker.
        from dcase_audit import celery  # noqa: F401
