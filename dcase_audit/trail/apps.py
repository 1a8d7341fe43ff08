from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, pre_migrate


class TrailConfig(AppConfig):
    name = "dcase_audit.trail"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from dcase_audit import bucket_checks, lookups  # noqa: F401
        from dcase_audit.trail import capture, context, database_checks, grants  # noqa: F401

        lookups.install()
        connection_created.connect(context.install, dispatch_uid="trail.context")
        pre_migrate.connect(capture.copy_whole, sender=self, dispatch_uid="trail.capture")
        post_migrate.connect(grants.apply, sender=self, dispatch_uid="trail.grants")
        post_migrate.connect(capture.install, sender=self, dispatch_uid="trail.capture")
