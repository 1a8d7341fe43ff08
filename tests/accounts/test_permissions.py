"""Who may do what, as a table: each rule against each of the cast."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace

import pytest

from dcase_audit.accounts import permissions
from dcase_audit.accounts.access import NOBODY, Access
from dcase_audit.accounts.models import ApiToken

SERVICE, DEVELOPMENT, MANAGEMENT = 1, 2, 3
OLGA, KEN = 10, 11

CAST = {
    "olga": Access(user_id=OLGA, owns=frozenset({SERVICE})),
    "ken": Access(user_id=KEN, approves=frozenset({SERVICE})),
    "hana": Access(user_id=12, heads=frozenset({SERVICE})),
    "bo": Access(user_id=13, owns=frozenset({DEVELOPMENT})),
    "miki": Access(user_id=14, manages=frozenset({MANAGEMENT})),
    "rin": Access(user_id=15, audits=frozenset({"recurrence"})),
    "ada": Access(user_id=16, is_administrator=True),
    "robot": Access(
        user_id=17, serves=frozenset({SERVICE}), scopes=frozenset({"drills:write", "monitors:write", "subjects:write"})
    ),
    "nobody": NOBODY,
}
Rule = Callable[[Access], bool]

# Each rule about something of IT Service (a case for which IT Service and the management answer), who passes it, and
# the scope that a token needs for it.
RULES: dict[str, tuple[Rule, str, str | None]] = {
    "may_write_evidence": (
        lambda access: permissions.may_write_evidence(access, custodian_id=SERVICE),
        "olga ken hana",
        "evidence:write",
    ),
    "may_decide": (
        lambda access: permissions.may_decide(access, custodian_id=SERVICE, submitter_id=OLGA),
        "ken hana",
        "evidence:write",
    ),
    "may_approve_for": (
        lambda access: permissions.may_approve_for(access, custodian_id=SERVICE),
        "ken hana",
        "evidence:write",
    ),
    "may_keep": (
        lambda access: permissions.may_keep(
            access, custodian_id=SERVICE, accountable_ids=frozenset({SERVICE, MANAGEMENT})
        ),
        "hana miki",
        "evidence:write",
    ),
    "may_release": (
        lambda access: permissions.may_release(
            access, custodian_id=SERVICE, accountable_ids=frozenset({SERVICE, MANAGEMENT}), placer_id=OLGA
        ),
        "hana miki",
        "evidence:write",
    ),
    "may_upload_drill_results": (
        lambda access: permissions.may_upload_drill_results(access, department_id=SERVICE),
        "olga ken hana robot",
        "drills:write",
    ),
    "may_sign_off": (
        lambda access: permissions.may_sign_off(access, role="observer", department_id=SERVICE),
        "olga ken hana",
        "evidence:write",
    ),
    "may_send_events": (
        lambda access: permissions.may_send_events(access, department_id=SERVICE),
        "olga ken hana robot",
        "monitors:write",
    ),
    "may_write_subject": (
        lambda access: permissions.may_write_subject(access, department_id=SERVICE),
        "olga ken hana robot",
        "subjects:write",
    ),
    "may_edit_case": (
        lambda access: permissions.may_edit_case(access, accountable_ids=frozenset({SERVICE, MANAGEMENT})),
        "hana miki",
        "evidence:write",
    ),
    "may_consent": (
        lambda access: permissions.may_consent(access, party_id=SERVICE),
        "ken hana",
        "evidence:write",
    ),
    "may_order_reports": (permissions.may_order_reports, "olga ken hana bo miki rin", "reports:write"),
    "may_read": (permissions.may_read, "olga ken hana bo miki rin ada", "read"),
    "may_read_log": (
        lambda access: permissions.may_read_log(access, sees_a_case=True),
        "olga ken hana bo miki rin ada",
        "read",
    ),
    "may_configure": (permissions.may_configure, "ada", None),
}
PASSES = [(rule, who) for rule in RULES for who in CAST]


@pytest.mark.parametrize(("rule", "who"), PASSES)
def test_who_may(rule: str, who: str) -> None:
    ask, passes, _ = RULES[rule]

    assert ask(CAST[who]) == (who in passes.split())


@pytest.mark.parametrize(("role", "passes"), [("responsible", "ken hana"), ("verifier", "rin")])
def test_who_may_sign_in_another_role(role: str, passes: str) -> None:
    may = {who for who, access in CAST.items() if permissions.may_sign_off(access, role=role, department_id=SERVICE)}

    assert may == set(passes.split())


def test_verifiers_are_of_no_department_that_held_the_drill() -> None:
    approver = Access(user_id=18, approves=frozenset({DEVELOPMENT}))
    both = Access(user_id=19, approves=frozenset({SERVICE, DEVELOPMENT}), audits=frozenset({"recurrence"}))

    may = [permissions.may_sign_off(each, role="verifier", department_id=SERVICE) for each in (approver, both)]

    assert may == [True, False]


def test_the_log_is_for_those_who_see_a_case() -> None:
    assert not any(permissions.may_read_log(access, sees_a_case=False) for access in CAST.values())


def test_every_rule_is_in_the_table() -> None:
    public = {name for name, found in inspect.getmembers(permissions, inspect.isfunction) if name.startswith("may_")}

    assert public == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_a_token_needs_the_scope_and_no_other(rule: str) -> None:
    ask, passes, scope = RULES[rule]
    others = frozenset(ApiToken.Scope.values) - {scope}
    for who in passes.split():
        assert not ask(replace(CAST[who], scopes=others)), who
        assert not ask(replace(CAST[who], scopes=frozenset())), who
        if scope is not None:
            assert ask(replace(CAST[who], scopes=frozenset({scope}))), who
        else:
            assert not ask(replace(CAST[who], scopes=frozenset(ApiToken.Scope.values))), who


@pytest.mark.parametrize("who", CAST)
def test_what_belongs_to_no_department_is_nobodys(who: str) -> None:
    access = CAST[who]

    assert not permissions.may_write_evidence(access, custodian_id=None)
    assert not permissions.may_decide(access, custodian_id=None, submitter_id=None)
    assert not permissions.may_keep(access, custodian_id=None, accountable_ids=frozenset())
    assert not permissions.may_upload_drill_results(access, department_id=None)
    assert not permissions.may_write_subject(access, department_id=None)
    assert not permissions.may_edit_case(access, accountable_ids=frozenset())


def test_four_eyes_count_persons_and_not_roles() -> None:
    both = Access(user_id=OLGA, owns=frozenset({SERVICE}), approves=frozenset({SERVICE}), heads=frozenset({SERVICE}))

    assert not permissions.may_decide(both, custodian_id=SERVICE, submitter_id=OLGA)
    assert permissions.may_decide(both, custodian_id=SERVICE, submitter_id=KEN)
    assert permissions.may_decide(both, custodian_id=SERVICE, submitter_id=None)

    head = Access(user_id=OLGA, heads=frozenset({SERVICE}), manages=frozenset({MANAGEMENT}))
    of = {"custodian_id": SERVICE, "accountable_ids": frozenset({MANAGEMENT})}
    assert not permissions.may_release(head, **of, placer_id=OLGA)  # type: ignore[arg-type]
    assert permissions.may_release(head, **of, placer_id=KEN)  # type: ignore[arg-type]
