"""What the API says of evidence. Times are UTC, people are user names, everything else goes by its key."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.urls import reverse
from rest_framework import serializers

from dcase_audit.api_fields import Moment
from dcase_audit.cases.words import Status
from evidence.models import Artefact, Decision, Revision, RevisionFile, Support
from evidence.reading import moment_or_none, status_of

DRAFT = "draft"
STATES = [DRAFT, *Decision.Kind.values]
STATUS_WORDS = [status.word for status in Status]


class Shape(serializers.Serializer[Any]):
    """An object of an answer: it has these members and no others."""


class TitleShape(Shape):
    ja = serializers.CharField(allow_blank=True)
    en = serializers.CharField(allow_blank=True)


class LinkedShape(Shape):
    """A leaf that an artefact supports."""

    case = serializers.CharField(source="case.slug")
    node = serializers.CharField(source="node.key")
    linked_at = Moment()
    rationale = serializers.CharField(allow_blank=True)


class ArtefactShape(Shape):
    """An artefact and how it stands at the moment of the answer's ``known``."""

    key = serializers.CharField()
    href = serializers.SerializerMethodField()
    kind = serializers.CharField(source="kind.key")
    title = serializers.SerializerMethodField()
    custodian = serializers.CharField(source="custodian.key")
    owner = serializers.CharField(source="owner.username", allow_null=True)
    review_interval = serializers.CharField(allow_blank=True)
    created_at = Moment()
    status = serializers.SerializerMethodField()
    warn_at = serializers.SerializerMethodField()
    due_at = serializers.SerializerMethodField()
    supports = serializers.SerializerMethodField()
