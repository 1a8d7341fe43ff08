"""The product's settings with the peers beside it."""

from __future__ import annotations

from dcase_audit import settings as product
from dcase_audit.settings import *  # noqa: F403

globals()["INSTALLED_APPS"] = [
    *product.INSTALLED_APPS,
    "auditlog",
    "simple_history",
    "pgtrigger",
    "pghistory",
    "bench.peers",
]
PGTRIGGER_INSTALL_ON_MIGRATE = True
PGHISTORY_INSTALL_CONTEXT_FUNC_ON_MIGRATE = True
# As Django has it by default: django-pghistory puts its context before a statement, in one text, which takes parameters
# that are in the text, too.
_default = {"server_side_binding": False, "prepare_threshold": None}
DATABASES = {"default": {**product.DATABASES["default"]}}
DATABASES["default"]["OPTIONS"] = {**product.DATABASES["default"]["OPTIONS"], **_default}
