"""The settings of a new Django project with Django REST framework, on the product's database."""

from __future__ import annotations

from typing import Any

from dcase_audit import settings as product
from dcase_audit.settings import *  # noqa: F403

globals()["MIDDLEWARE"] = [name for name in product.MIDDLEWARE if name.startswith("django.")]
globals()["ROOT_URLCONF"] = "bench.bare"
_framework: dict[str, Any] = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
}
globals()["REST_FRAMEWORK"] = _framework
