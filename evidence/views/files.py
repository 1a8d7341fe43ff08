"""Files as pages give them: as the API does."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from evidence.api.files import download
from evidence.models import StoredFile


def give(request: HttpRequest, file: StoredFile, *, name: str) -> HttpResponseBase:
    """Answer with the bytes of ``file`` as a download under ``name``, in whole or in part."""
    return download(Request(request), file, name=name)
