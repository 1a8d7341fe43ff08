"""Acceptance rules: one person proposes, another publishes, either ends; until then and by default nothing is accepted.

A rule lifts from people the decision on each pass of one drill by one machine's token. It never touches a refutation,
and nothing that came before it was published.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import QuerySet

from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import ApiToken, Party, User
from dcase_audit.errors import AuditError, Invalid, NotAllowed
from dcase_audit.notices.models import OpenItem
from dcase_audit.notices.services import close_item, open_item
from dcase_audit.trail.events import record
from dcase_audit.trail.statements import rows
from drills.formats import IMPORTERS
from drills.models import AcceptanceRule, Drill, DrillResult, SignerKey
from drills.planning import needed
from evidence.refusals import SelfApproval


class RuleEnded(AuditError):
    """The rule was ended, and a rule that was ended stays so; another may be proposed (409)."""

    slug = "rule-ended"
    title = "This rule was ended"


class RulePublished(AuditError):
    """The rule was published before, by somebody else (409)."""

    slug = "rule-published"
    title = "This rule was published already"


def tokens_for(drill: Drill) -> QuerySet[ApiToken]:
    """Return the tokens that a rule of the drill may name: valid ones of machines of its department that upload."""
    machines = ApiToken.objects.valid(at=datetime.now(UTC)).filter(user__kind=User.Kind.MACHINE)
    return machines.filter(department=drill.department_id, scopes__contains=[ApiToken.Scope.DRILLS]).order_by("prefix")


def keys_for_rules() -> QuerySet[SignerKey]:
    """Return the keys that a new rule may ask for: those not revoked."""
    return SignerKey.objects.filter(revoked_at=None).order_by("key")


@transaction.atomic
def propose_rule(
    *,
    drill: Drill,
    token: ApiToken,
    signer: SignerKey | None = None,
    formats: Sequence[str],
    reason: str,
    actor: User,
    at: datetime,
) -> AcceptanceRule:
    """Propose that passes of the drill which come by ``token`` are accepted at receipt; it acts once published.

    With ``signer`` only what that key signed is: then the one format is that which is signed.

    Raises:
        NotAllowed: ``actor`` is no member of the drill's department (403).
        Invalid: no reason, no format that is read here, a format without signatures where one is asked for, a token
            that is no machine's of the department, or a key that was revoked (422).
    """
    if not permissions.may_write_evidence(actor.access, custodian_id=drill.department_id):
        raise NotAllowed("This drill is another department's.")
    formats = sorted(set(formats))
    _check_formats(formats, signer)
    _check_token(drill, token)
    if signer is not None and not keys_for_rules().filter(pk=signer.pk).exists():
        raise Invalid("This key was revoked.", pointer="/signer")
    rule = AcceptanceRule.objects.create(
        drill=drill,
        token=token,
        through=f"token:{token.prefix}",
        signer=signer,
        formats=formats,
        reason=needed(reason),
        proposed_by=actor,
        proposed_at=at,
    )
    record("rule.proposed", f"rule:{rule.pk}", drill=drill.key, through=rule.through, formats=formats, reason=reason)
    _tell_approvers(rule, drill.artefact.custodian, actor, at=at)
    return rule


@transaction.atomic
def publish_rule(*, rule: AcceptanceRule, actor: User, reason: str, at: datetime) -> bool:
    """Publish a rule: what comes from now on, and fits it, is accepted. False where the same person did so before.

    Raises:
        NotAllowed: ``actor`` may not accept for the department that keeps the evidence (403).
        SelfApproval: ``actor`` proposed it (409).
        RuleEnded: it was taken back (409). RulePublished: by another person (409).
        Invalid: no reason, or its token is not good any more (422).
    """
    current = _locked(rule)
    if not permissions.may_approve_for(actor.access, custodian_id=current.drill.artefact.custodian_id):
        raise NotAllowed("An approver of the department that keeps the evidence publishes it.")
    if current.ended_at is not None:
        raise RuleEnded
    if current.published_by_id == actor.pk:
        return False
    if current.published_by_id is not None:
        raise RulePublished
    if current.proposed_by_id == actor.pk:
        raise SelfApproval("You proposed this rule: somebody else publishes it.")
    _check_token(current.drill, current.token)
    current.published_by, current.published_at, current.published_reason = actor, at, needed(reason)
    current.save(update_fields=["published_by", "published_at", "published_reason"])
    record("rule.published", f"rule:{current.pk}", drill=current.drill.key, by=actor.pk, reason=reason)
    close_item(key=_item(current), at=at)
    return True


@transaction.atomic
def end_rule(*, rule: AcceptanceRule, actor: User, reason: str, at: datetime) -> bool:
    """End a rule, or take its proposal back: from now on people decide again. False where the same person did before.

    What it accepted stays accepted, and names it.

    Raises:
        NotAllowed: ``actor`` neither proposed nor published it, nor may accept for the department (403).
        RuleEnded: by another person (409).
        Invalid: no reason (422).
    """
    current = _locked(rule)
    if not may_end(current, actor):
        raise NotAllowed("Who proposed or published it ends it, or an approver of the department.")
    if current.ended_by_id == actor.pk:
        return False
    if current.ended_at is not None:
        raise RuleEnded
    current.ended_by, current.ended_at, current.ended_reason = actor, at, needed(reason)
    current.save(update_fields=["ended_by", "ended_at", "ended_reason"])
    record("rule.ended", f"rule:{current.pk}", drill=current.drill.key, by=actor.pk, reason=reason)
    close_item(key=_item(current), at=at)
    return True


def rules_for(drills: Collection[int], *, through: str, at: datetime) -> dict[int, list[AcceptanceRule]]:
    """Return the rules in force at ``at`` for what comes ``through`` a token, by drill (id) and the oldest first."""
    found: dict[int, list[AcceptanceRule]] = defaultdict(list)
    # Few drills have any.
    of_token = "SELECT id FROM drills_acceptancerule WHERE drill_id = ANY(%s) AND through = %s"
    some = rows(of_token, [list(drills), through]) if drills and through.startswith("token:") else []
    if some:
        rules = AcceptanceRule.objects.in_force(at=at).filter(pk__in=[row[0] for row in some])
        for rule in rules.prefetch_related("published_by", "drill").order_by("published_at", "pk"):
            found[rule.drill_id].append(rule)
    return found


def fitting(rules: Iterable[AcceptanceRule], *, format: str, signers: Collection[int]) -> AcceptanceRule | None:
    """Return the first rule that accepts what passed in this format; ``signers``: ids of the keys that signed it."""
    fit = (rule for rule in rules if format in rule.formats and rule.signer_id in {None, *signers})
    return next(fit, None)


def may_end(rule: AcceptanceRule, user: User) -> bool:
    """Tell whether ``user`` may end the rule: taking trust back is easier than giving it."""
    took_part = user.pk in {rule.proposed_by_id, rule.published_by_id}
    writes = permissions.may_write_evidence(user.access, custodian_id=rule.drill.department_id)
    return (took_part and writes) or permissions.may_approve_for(
        user.access, custodian_id=rule.drill.artefact.custodian_id
    )


def _locked(rule: AcceptanceRule) -> AcceptanceRule:
    rows = AcceptanceRule.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("drill__artefact", "token").get(pk=rule.pk)


def _check_formats(formats: Sequence[str], signer: SignerKey | None) -> None:
    if not formats or not set(formats) <= set(IMPORTERS):
        raise Invalid("Formats that are read here are expected.", pointer="/formats")
    if signer is not None and formats != [DrillResult.Format.IN_TOTO]:
        raise Invalid("Only in-toto test results are signed.", pointer="/formats")


def _check_token(drill: Drill, token: ApiToken) -> None:
    if not tokens_for(drill).filter(pk=token.pk).exists():
        raise Invalid("A token of a machine of the drill's department is expected.", pointer="/token")


def _item(rule: AcceptanceRule) -> str:
    return f"acceptance-rule:{rule.pk}"


def _tell_approvers(rule: AcceptanceRule, party: Party, proposer: User, *, at: datetime) -> None:
    drill = rule.drill
    open_item(
        key=_item(rule),
        kind="rule-proposed",
        text_ja=f"受入規則の提案:「{drill.title('ja')}」の合格を人の判断なしで受け入れる（{proposer.name('ja')}が提案）",
        text_en=f"Proposed rule: accept passes of “{drill.title('en')}” without a person"
        f" (proposed by {proposer.name('en')})",
        href=f"/drills/{drill.key}/rules",
        party=party,
        owner=None,
        role=OpenItem.Role.APPROVER,
        not_to=proposer,
        at=at,
    )
