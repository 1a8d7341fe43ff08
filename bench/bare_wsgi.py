"""What gunicorn serves of the bare view; the connection tells the trail nothing."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application
from django.db.backends.signals import connection_created

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.bare_settings"

application = get_wsgi_application()
connection_created.disconnect(dispatch_uid="trail.context")
