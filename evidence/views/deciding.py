"""Which decisions a person may take about a revision at this moment, and the form of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.forms import Form
from django.utils.translation import gettext_lazy as _

from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import User
from evidence import services
from evidence.forms import ExtensionForm, OptionalReasonForm, ReasonForm
from evidence.keeping import Keeping, keeping_of
from evidence.models import Artefact, Decision, LegalHold, Revision, RevisionFile
from evidence.services.custody import may_keep

Kind = Decision.Kind
DRAFT, EXTEND = "draft", "extend"
MOST_REVISIONS = 100


class Action(NamedTuple):
    """A decision as a page offers it: what the button and the message say, which form asks, which service takes it."""

    label: Any
    done: Any
    form: type[Form]
    service: Callable[..., Decision]
    is_grave: bool = False


ACTIONS: dict[str, Action] = {
    "submit": Action(_("Submit"), _("The revision was submitted."), Form, services.submit),
    "accept": Action(_("Accept"), _("The revision was accepted."), OptionalReasonForm, services.accept),
    "return": Action(_("Return"), _("The revision was returned."), ReasonForm, services.return_revision),
    "withdraw": Action(_("Withdraw"), _("The revision was withdrawn."), ReasonForm, services.withdraw, is_grave=True),
    "void": Action(_("Void"), _("The revision was voided."), ReasonForm, services.void, is_grave=True),
    "propose-annulment": Action(
        _("Propose annulment"), _("The annulment was proposed."), ReasonForm, services.propose_annulment, is_grave=True
    ),
    "annul": Action(_("Annul"), _("The revision was annulled."), ReasonForm, services.annul, is_grave=True),
}


class ShownRevision(NamedTuple):
    """A revision with its files, its decisions and what keeps it, and what the reader may do.

    ``withheld``: shown by hash only. ``extension``: the form that keeps it longer, where the reader may.
    """

    revision: Revision
    state: str
    files: list[RevisionFile]
    decisions: list[Decision]
    withheld: bool
    actions: list[tuple[str, Action, Form]]
    own_submission: bool
    keeping: Keeping | None
    holds: list[LegalHold]
    extension: Form | None

    @property
    def decision_of_state(self) -> Decision | None:
        return self.decisions[-1] if self.decisions else None


def revisions_of(artefact: Artefact, user: User, refused: Mapping[tuple[int, str], Form]) -> list[ShownRevision]:
    """Return the last revisions that the reader may see, the newest first, in a constant number of queries."""
    rows = (
        Revision.objects.visible_to(user)
        .filter(artefact=artefact)
        .select_related("created_by", "corrects", "drill_result__rule__published_by", "drill_result__rule__drill")
    )
    rows = rows.with_kept_until().order_by("-number")
    rows = rows.prefetch_related("files__file__disposals__disposed_by", "decisions__by", "extensions__extended_by")
    holds = list(LegalHold.objects.open().filter(artefact=artefact))
    keeps = may_keep(user, artefact)
    return [_shown(revision, artefact, user, refused, holds, keeps) for revision in rows[:MOST_REVISIONS]]


def _shown(
    revision: Revision,
    artefact: Artefact,
    user: User,
    refused: Mapping[tuple[int, str], Form],
    holds: list[LegalHold],
    keeps: bool,
) -> ShownRevision:
    decisions = list(revision.decisions.all())
    names = offered(revision, decisions, artefact, user)
    # What was tried and refused comes back with its sentence, whether it is offered or not.
    names += [name for pk, name in refused if pk == revision.pk and name in ACTIONS and name not in names]
    actions = [(name, ACTIONS[name], refused.get((revision.pk, name)) or form_of(revision, name)) for name in names]
    submission = next((one for one in decisions if one.kind == Kind.SUBMITTED), None)
    return ShownRevision(
        revision=revision,
        state=decisions[-1].kind if decisions else DRAFT,
        files=list(revision.files.all()),
        decisions=decisions,
        withheld=is_withheld(revision, artefact, user),
        actions=actions,
        own_submission=submission is not None and user.pk in (submission.by_id, revision.created_by_id),
        keeping=keeping_of(revision),
        holds=[hold for hold in holds if hold.revision_id in (None, revision.pk)],
        extension=refused.get((revision.pk, EXTEND)) or _extension_of(revision) if keeps else None,
    )


def _extension_of(revision: Revision) -> Form | None:
    return ExtensionForm(prefix=f"r{revision.pk}-{EXTEND}") if revision.is_submitted else None


def is_withheld(revision: Revision, artefact: Artefact, user: User) -> bool:
    """Tell whether the reader sees of a confidential revision its hashes and its reason only."""
    confidential = revision.confidentiality != Revision.Confidentiality.NORMAL
    return confidential and artefact.custodian_id not in user.access.departments


def form_of(revision: Revision, name: str, data: Any = None) -> Form:
    """Return the form of an action, its fields told apart from those of all others on the page."""
    return ACTIONS[name].form(data, prefix=f"r{revision.pk}-{name}")


def offered(revision: Revision, decisions: list[Decision], artefact: Artefact, user: User) -> list[str]:
    """Return the actions that the services would take from this person now; they have the last word."""
    taken = {decision.kind: decision.by_id for decision in decisions}
    writes = permissions.may_write_evidence(user.access, custodian_id=artefact.custodian_id)
    approves = permissions.may_approve_for(user.access, custodian_id=artefact.custodian_id)
    if Kind.SUBMITTED not in taken:
        return ["submit"] if writes else []
    judges = approves and user.pk not in (taken[Kind.SUBMITTED], revision.created_by_id)
    if revision.verdict == Revision.Verdict.REFUTES:
        return _against(taken, user, approves, judges)
    if taken.keys() & {Kind.RETURNED, Kind.WITHDRAWN, Kind.VOIDED}:
        return []
    if Kind.ACCEPTED in taken:
        return (["withdraw"] if writes else []) + (["void"] if judges else [])
    return (["accept", "return"] if judges else []) + (["withdraw"] if writes else [])


def _against(taken: Mapping[str, int | None], user: User, approves: bool, judges: bool) -> list[str]:
    """Return what is offered about counter-evidence, which counts without being accepted."""
    if Kind.ANNULLED in taken or not approves:
        return []
    if Kind.ANNULMENT_PROPOSED not in taken:
        return ["propose-annulment"]
    return ["annul"] if judges and taken[Kind.ANNULMENT_PROPOSED] != user.pk else []
