from django.apps import AppConfig, apps


class PeersConfig(AppConfig):
    name = "bench.peers"
    label = "peers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from bench.peers.models import CapturedRow

        for model in apps.get_models(include_auto_created=True):
            if model is not CapturedRow and model._meta.app_label in {"peers", "auditlog", "pghistory"}:
                model.not_captured = "a peer's"  # type: ignore[attr-defined]
