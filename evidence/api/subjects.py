"""Versions of what evidence is obtained on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import clock
from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import ApiToken
from dcase_audit.api_fields import Body, Moment, Text
from dcase_audit.api_schema import described, parameter
from dcase_audit.api_views import ApiView, allow, created, find
from dcase_audit.moments import say
from evidence import services
from evidence.api.shapes import DryRunShape, SubjectVersionShape
from evidence.api.showing import ROOT
from evidence.models import Subject, SubjectVersion
from evidence.staleness import effects_of, is_present, version_at


class VersionBody(Body):
    """The version that the subject is in, or will be from `since` on (default: now)."""

    version = Text(max_length=100)
    digest = Text(max_length=200, allow_blank=True, default="")
    since = Moment(required=False, allow_null=True)


ANSWER = PolymorphicProxySerializer(
    component_name="SubjectAnswer", serializers=[SubjectVersionShape, DryRunShape], resource_type_field_name=None
)


class SubjectView(ApiView):
    """A configuration item, manual or device setting."""

    scope = ApiToken.Scope.SUBJECTS
    parameters = frozenset({"dry_run"})

    @described(
        "Record the version of a subject",
        {200: ANSWER, 201: SubjectVersionShape},
        problems=(404, 411, 413, 415, 422),
        request=VersionBody,
        parameters=[parameter("dry_run", "1: record nothing and list what would change.", enum=["0", "1"])],
        description="Equal to the version that holds then: 200, and nothing is recorded.",
        tag="subjects",
    )
    def put(self, request: Request, key: str) -> Response:
        subject = find(Subject.objects.visible_to(self.user), key=key)
        may_write = permissions.may_write_subject(self.access, department_id=subject.department_id)
        allow(may_write, "This subject is kept by another department.")
        dry_run = self.choice("dry_run", ("0", "1")) == "1"
        values = self.body(VersionBody)
        at = clock.now()
        if dry_run:
            return Response(self._effects(subject, values, at))
        recorded = services.record_subject_version(subject=subject, actor=self.user, at=at, **values)
        if recorded is None:
            return Response(shown_version(subject, version_at(subject, values.get("since") or at)))
        return created(shown_version(subject, recorded))

    def _effects(self, subject: Subject, values: dict[str, Any], at: datetime) -> dict[str, Any]:
        since = values.pop("since", None) or at
        effects = effects_of(subject, since=since, user=self.user, at=at, **values)
        return {
            "subject": subject.key,
            **values,
            "since": say(since),
            "unchanged": is_present(subject, since=since, version=values["version"], digest=values["digest"]),
            "stale": [
                {**effect._asdict(), "before": effect.before.word, "after": effect.after.word} for effect in effects
            ],
        }


def shown_version(subject: Subject, version: SubjectVersion | None) -> dict[str, Any]:
    assert version is not None
    return {
        "href": f"{ROOT}/subjects/{subject.key}",
        "subject": subject.key,
        "version": version.version,
        "digest": version.digest,
        "since": say(version.since),
        "recorded_at": say(version.recorded_at),
    }
