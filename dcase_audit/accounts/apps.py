from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "dcase_audit.accounts"
    default_auto_field = "django.db.models.BigAutoField"
