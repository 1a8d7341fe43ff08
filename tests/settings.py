"""The product's settings with what only tests want; ``tests/conftest.py`` fills in the database."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("SECRET_KEY", "tests-only-" + "k" * 50)
os.environ["DATABASE_URL"] = "postgresql:///dcase"
os.environ["DATABASE_ROLE"] = "app"
os.environ["CELERY_BROKER_URL"] = "memory://"
os.environ["DATA_DIR"] = f"{tempfile.gettempdir()}/dcase-test-data-{os.getpid()}"

from dcase_audit.settings import *  # noqa: F403
from dcase_audit.settings import DATABASES, STORAGES

# A connection kept by a server thread would outlive the test's own database.
DATABASES["default"]["CONN_MAX_AGE"] = 0
# Tests ask faster than anybody should; those of the limit set one.
TOKEN_RATE = 0.0
# The slow hash of real passwords costs half a second a person.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
