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
