"""The one place that says who may do what. Every edge asks it; rows are found through ``visible_to`` alone.

Each rule takes an ``Access`` and the ids that matter, and answers yes or no: the layers above pass what they hold.
"""

from __future__ import annotations

from dcase_audit.accounts.access import Access


def may_write_evidence(access: Access, *, custodian_id: int | None) -> bool:
    """Add artefacts and revisions, submit and withdraw: members of the department that keeps the artefact."""
    return custodian_id in (access.owns | access.approves | access.heads) and access.has_scope("evidence:write")


def may_decide(access: Access, *, custodian_id: int | None, submitter_id: int | None) -> bool:
    """Accept or return: an approver of the same department who is another person than the one who submitted."""
    return may_approve_for(access, custodian_id=custodian_id) and access.user_id != submitter_id


def may_approve_for(access: Access, *, custodian_id: int | None) -> bool:
    """Hold the approver's or the head's role in the department."""
    return custodian_id in (access.approves | access.heads) and access.has_scope("evidence:write")


def may_keep(access: Access, *, custodian_id: int | None, accountable_ids: frozenset[int]) -> bool:
    """Place and release legal holds, extend retentions, dispose of files: the head of the department that keeps the
    artefact, and management of a party that is accountable in a case which the artefact supports.
    """
    answers = custodian_id in access.heads or bool(access.manages & accountable_ids)
    return answers and access.has_scope("evidence:write")


def may_release(
    access: Access, *, custodian_id: int | None, accountable_ids: frozenset[int], placer_id: int | None
) -> bool:
    """Release a hold: whoever might have placed it, but for the person who did."""
    may = may_keep(access, custodian_id=custodian_id, accountable_ids=accountable_ids)
    return may and access.user_id != placer_id


def may_upload_drill_results(access: Access, *, department_id: int | None) -> bool:
    """Upload results: members of the drill's department, and machine tokens of it with the scope."""
    return department_id in access.departments and access.has_scope("drills:write")


def may_sign_off(access: Access, *, role: str, department_id: int | None) -> bool:
    """Sign the record of a drill: observers are of the department that held it, who answers for it approves there or
    heads it, and an independent verifier is of another one, approves or heads there, or audits the case. Whose role
    excludes whose: the service.
    """
    if not access.has_scope("evidence:write"):
        return False
    answers = department_id in (access.approves | access.heads)
    if role == "responsible":
        return answers
    if role == "verifier":
        return department_id not in access.departments and bool(access.audits or access.approves | access.heads)
    return department_id in (access.owns | access.approves | access.heads)


def may_send_events(access: Access, *, department_id: int | None) -> bool:
    """Send what a monitor saw: members of the monitor's department, and machine tokens of it with the scope."""
    return department_id in access.departments and access.has_scope("monitors:write")


def may_write_subject(access: Access, *, department_id: int | None) -> bool:
    """Report a configuration version: the subject's department, by session or by a token with the scope."""
    return department_id in access.departments and access.has_scope("subjects:write")


def may_edit_case(access: Access, *, accountable_ids: frozenset[int]) -> bool:
    """Edit the draft and publish: heads and management of a party that is accountable for a node of the case."""
    return bool((access.heads | access.manages) & accountable_ids) and access.has_scope("evidence:write")


def may_consent(access: Access, *, party_id: int) -> bool:
    """Consent to an edition for a party: its approvers, head or management."""
    return party_id in (access.approves | access.heads | access.manages) and access.has_scope("evidence:write")


def may_order_reports(access: Access) -> bool:
    """Order a report of a visible case: every person who sees it, and tokens with the scope."""
    return (bool(access.parties) or bool(access.audits)) and access.has_scope("reports:write")


def may_read(access: Access) -> bool:
    """Read at all through the API: a token without the scope ``read`` only writes."""
    return access.has_scope("read")


def may_read_log(access: Access, *, sees_a_case: bool) -> bool:
    """Read the log's own files and proofs, which hold commitments and numbers of objects: whoever sees a case."""
    return sees_a_case and may_read(access)


def may_configure(access: Access) -> bool:
    """Keep people, parties, kinds, calendars and tokens: the administrator, by session."""
    return access.is_administrator and access.scopes is None
