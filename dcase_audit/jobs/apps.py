from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "dcase_audit.jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Tasks bind to the current app: without it every process but the worker would publish to a default broker.
        from dcase_audit import celery  # noqa: F401
