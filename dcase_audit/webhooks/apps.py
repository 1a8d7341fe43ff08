from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "dcase_audit.webhooks"
    default_auto_field = "django.db.models.BigAutoField"
