"""Who the asker is to this service."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dcase_audit import clock
from dcase_audit.accounts.models import ApiToken, Membership, User
from dcase_audit.api_schema import Shape, described
from dcase_audit.api_views import ApiView
from dcase_audit.moments import say


class RoleShape(Shape):
    """A role in a party. A machine serves the department of its token."""

    party = serializers.CharField()
    role = serializers.ChoiceField([*Membership.Role.values, "machine"])


class TokenShape(Shape):
    """The token that was shown."""

    prefix = serializers.CharField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(ApiToken.Scope.values))
    department = serializers.CharField(allow_null=True)
    expires_at = serializers.DateTimeField()


class MeShape(Shape):
    """The account behind the token, and what the token opens."""

    username = serializers.CharField()
    kind = serializers.ChoiceField(User.Kind.values)
    name = serializers.CharField(allow_blank=True)
    roles = RoleShape(many=True)
    audits = serializers.ListField(child=serializers.CharField(), help_text="Slugs of the cases in scope.")
    token = TokenShape()


class MeView(ApiView):
    """The account that asks; any valid token may."""

    scope_to_read = None

    @described("The caller, its roles, and the token's scopes and expiry", {200: MeShape}, tag="accounts")
    def get(self, request: Request) -> Response:
        token: ApiToken = request.auth  # type: ignore[assignment]
        return Response(
            {
                "username": self.user.username,
                "kind": self.user.kind,
                "name": self.user.name("en"),
                "roles": list(_roles(self.user, token)),
                "audits": sorted(self.access.audits),
                "token": _token(token),
            }
        )


def _roles(user: User, token: ApiToken) -> list[dict[str, str]]:
    """Return the roles in force, narrowed to the token's department where it names one."""
    if user.kind == User.Kind.MACHINE:
        return [{"party": token.department.key, "role": "machine"}] if token.department else []
    held = user.memberships.in_force(at=clock.now()).order_by("party__key", "role")
    if token.department_id:
        held = held.filter(party=token.department_id)
    return [{"party": party, "role": role} for party, role in held.values_list("party__key", "role")]


def _token(token: ApiToken) -> dict[str, Any]:
    return {
        "prefix": token.prefix,
        "name": token.name,
        "scopes": token.scopes,
        "department": token.department.key if token.department else None,
        "expires_at": say(token.expires_at),
    }
