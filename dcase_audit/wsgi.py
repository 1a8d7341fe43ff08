"""What gunicorn serves."""

from __future__ import annotations

import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from dcase_audit.collector import spare_what_is_loaded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dcase_audit.settings")

application = get_wsgi_application()
# Before the process forks, so that those that serve share what is loaded.
import_module(settings.ROOT_URLCONF)
spare_what_is_loaded()
