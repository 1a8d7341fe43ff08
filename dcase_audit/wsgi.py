"""What gunicorn serves."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from dcase_audit.collector import spare_what_is_loaded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dcase_audit.settings")

application = get_wsgi_application()
spare_what_is_loaded()
