"""What ``create`` is compared with: Django REST framework out of the box, which checks a token and inserts one row."""

from __future__ import annotations

import hashlib

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.urls import path
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.generics import CreateAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.serializers import ModelSerializer

from dcase_audit.accounts.models import ApiToken


class Row(models.Model):
    """A row as small as an artefact's; ``bench.http`` makes the table."""

    key = models.CharField(max_length=60)
    title_ja = models.CharField(max_length=300)
    title_en = models.CharField(max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: models.Manager[Row] = models.Manager()

    class Meta:
        app_label = "trail"
        managed = False
        db_table = "bench_row"


class RowSerializer(ModelSerializer[Row]):
    class Meta:
        model = Row
        fields = ["id", "key", "title_ja", "title_en", "created_at"]


class PlainTokenAuthentication(BaseAuthentication):
    """As the framework's own: one query for the token and its user."""

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, ApiToken]:
        secret = get_authorization_header(request).removeprefix(b"Bearer ")
        digest = hashlib.sha256(secret).hexdigest()
        token = ApiToken.objects.select_related("user").filter(sha256=digest).first()
        if token is None or not token.user.is_active:
            raise AuthenticationFailed()
        return token.user, token


class RowsView(CreateAPIView[Row]):
    """Insert a row."""

    queryset = Row.objects.all()
    serializer_class = RowSerializer
    authentication_classes = [PlainTokenAuthentication]
    permission_classes = [IsAuthenticated]


urlpatterns = [path("rows", RowsView.as_view())]
