"""``python -m bench.uploads_world``: what uploads need, made through the services; prints what leads to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bench.stack import ROOT

if TYPE_CHECKING:
    from dcase_audit.accounts.models import User

DRILLS = 8


def made_for(environ: Mapping[str, str]) -> dict[str, Any]:
    """Make it, in a process of its own, in the database that ``environ`` leads to; return what was printed."""
    command = [sys.executable, "-m", "bench.uploads_world"]
    made = subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(made.stdout)
    return found


def main() -> None:
    """Make a department with a machine, and a case whose leaves live on drills."""
    from dcase_audit.embedded.database import attach

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dcase_audit.settings")
    attach(os.environ)
    import django

    django.setup()
    from dcase_audit.trail.context import acting

    with acting("bench"):
        json.dump(make(), sys.stdout)


def make() -> dict[str, object]:
    from django.db import transaction

    from dcase_audit.accounts.authentication import issue
    from dcase_audit.accounts.models import Membership, Party, User
    from dcase_audit.cases.models import Case, Criterion, Link, Node, NodeText
    from drills.services import create_drill
    from evidence import services
    from evidence.models import Kind

    now = datetime.now(UTC)
    early = now - timedelta(days=60)
    with transaction.atomic():
        department = Party.objects.create(key="it-service", name_ja="ITサービス部", name_en="IT Service")
        people = {role: User.objects.create_user(role, email=f"{role}@example.com") for role in Membership.Role.values}
        for role, person in people.items():
            Membership.objects.create(user=person, party=department, role=role, since=early)
        robot = User.objects.create_user("robot", kind=User.Kind.MACHINE)
        _, secret = issue(
            user=robot,
            name="bench",
            scopes=["drills:write"],
            department=department,
            expires_at=now + timedelta(days=1),
        )
        kind = Kind.objects.create(key="drill-record", name_ja="訓練記録", name_en="Drill record")
        case = Case.objects.create(slug="bench", title_en="Bench", created_at=early)
        goal = Node.objects.create(case=case, key="G_1", kind="goal")
        leaves = [Node.objects.create(case=case, key=f"E_{n}", kind="evidence", position=n) for n in range(DRILLS)]
        for node in (goal, *leaves):
            NodeText.objects.create(node=node, statement_en=node.key, accountable=department, custodian=department)
        for leaf in leaves:
            Link.objects.create(case=case, source=goal, target=leaf, kind="supported_by")
            Criterion.objects.create(node=leaf, kinds=[kind.key], max_age="P1Y", warn_before="P30D")
        services.publish_edition(case=case, actor=None, at=early)
        for leaf in leaves:
            key = f"drill-{leaf.position}"
            artefact = services.create_artefact(
                kind=kind, key=key, title_en=key, custodian=department, owner=people["owner"], actor=None, at=early
            )
            services.link(artefact=artefact, node=leaf, actor=None, at=early)
            create_drill(
                key=key,
                title_en=key,
                artefact=artefact,
                department=department,
                starts_at=early,
                actor=people["owner"],
                at=early,
            )
        rule = Kind.objects.create(key="rule", name_ja="規程", name_en="Rule")
        services.create_artefact(
            kind=rule, key="rule", title_en="Rule", custodian=department, owner=people["owner"], actor=None, at=early
        )
        # Years, so that a clock that is ahead does not end them.
        ends = now + timedelta(days=20 * 365)
        scopes = ["read", "evidence:write", "reports:write"]
        persons = {
            role: issue(user=person, name="bench", scopes=scopes, expires_at=ends)[1] for role, person in people.items()
        }
        session = session_of(people["owner"])
    return {"secret": secret, "persons": persons, "session": session, "drills": [f"drill-{n}" for n in range(DRILLS)]}


def session_of(person: User) -> str:
    """Log a person in, and return the key of the session."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return str(session.session_key)


if __name__ == "__main__":
    main()
