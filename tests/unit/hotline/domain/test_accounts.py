"""Accounts: who may hold which roles together, who may change whom, and when a session or a password is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hotline.domain.accounts import (
    AccessRules,
    Account,
    NotAllowedError,
    RolesConflictError,
    StaffRole,
    StaffSession,
    WeakPasswordError,
    check_care,
    check_grant,
)
from hotline.domain.article_life import ArticleStep
from hotline.domain.life_cycle import Step
from hotline.domain.people import Actor, Role
from tests.builders import NOW, after

R = StaffRole
RULES = AccessRules()


def an_account(*roles: StaffRole, **values) -> Account:
    given = {"id": "1", "login": "zhao", "name": "赵晓兰", "made_at": NOW, **values}
    return Account(**given, roles=frozenset(roles))


@pytest.mark.parametrize(
    ("roles", "bound", "reason"),
    [
        ({R.SYSTEM_ADMIN, R.AUDIT_ADMIN}, {}, "administrators"),
        ({R.SECURITY_ADMIN, R.SYSTEM_ADMIN}, {}, "administrators"),
        ({R.AUDIT_ADMIN, R.REVIEWER}, {}, "administrator_works"),
        ({R.UNIT_HANDLER, R.REVIEWER}, {"unit": "u"}, "two_houses"),
        ({R.UNIT_LEAD, R.COUNTY}, {"unit": "u", "county": "371302"}, "two_houses"),
        ({R.UNIT_HANDLER}, {}, "unit"),
        ({R.REVIEWER}, {"unit": "u"}, "unit"),
        ({R.COUNTY}, {}, "county"),
        ({R.AGENT}, {}, "number"),
    ],
)
def test_roles_that_exclude_one_another_are_refused(roles, bound, reason):
    given = {"unit": None, "county": None, "number": None, **bound}
    with pytest.raises(RolesConflictError) as refused:
        an_account().with_roles(frozenset(roles), **given)
    assert refused.value.reason == reason


def test_roles_that_go_together_are_given_with_what_they_are_bound_to():
    lead = an_account().with_roles(
        frozenset({R.UNIT_HANDLER, R.UNIT_LEAD}), unit="body-housing", county=None, number=None
    )
    assert (lead.roles, lead.unit) == ({R.UNIT_HANDLER, R.UNIT_LEAD}, "body-housing")


def test_only_the_security_administrator_grants_and_never_to_themselves():
    security, system = an_account(R.SECURITY_ADMIN, id="2"), an_account(R.SYSTEM_ADMIN, id="3")
    check_grant(security, an_account(id="9"))
    for by, to in ((system, an_account(id="9")), (system, system), (security, security)):
        with pytest.raises(NotAllowedError):
            check_grant(by, to)


def test_only_the_system_administrator_keeps_accounts_and_never_their_own():
    security, system = an_account(R.SECURITY_ADMIN, id="2"), an_account(R.SYSTEM_ADMIN, id="3")
    check_care(system, an_account(id="9"))
    for by, of in ((security, an_account(id="9")), (system, system)):
        with pytest.raises(NotAllowedError):
            check_care(by, of)


def test_who_keeps_articles_acts_on_them_alone_and_reviews_no_orders():
    both = an_account(StaffRole.KNOWLEDGE_EDITOR, StaffRole.KNOWLEDGE_REVIEWER)
    assert both.keeping(ArticleStep.EDIT) == Actor(Role.EDITOR, "zhao")
    assert both.keeping(ArticleStep.APPROVE) == Actor(Role.REVIEWER, "zhao")
    for account, step in (
        (an_account(StaffRole.KNOWLEDGE_EDITOR), ArticleStep.APPROVE),
        (an_account(StaffRole.REVIEWER), ArticleStep.EDIT),
    ):
        with pytest.raises(NotAllowedError, match="capacity"):
            account.keeping(step)
    with pytest.raises(NotAllowedError, match="capacity"):
        an_account(StaffRole.KNOWLEDGE_REVIEWER).acting_for(Step.REDO)


def test_somebody_acts_in_the_capacity_that_the_step_needs():
    both = an_account(R.AGENT, R.REVIEWER, number="8001")
    assert both.acting_for(Step.DISPATCH) == Actor(Role.AGENT, "zhao")
    assert both.acting_for(Step.DESIGNATE) == Actor(Role.REVIEWER, "zhao")
    unit = an_account(R.UNIT_HANDLER, unit="body-housing")
    assert unit.acting_for(Step.SIGN_FOR) == Actor(Role.UNIT, "zhao", "body-housing")
    for account, step in ((unit, Step.DESIGNATE), (an_account(R.AUDIT_ADMIN), Step.SIGN_FOR)):
        with pytest.raises(NotAllowedError):
            account.acting_for(step)


@pytest.mark.parametrize(
    ("password", "reason"),
    [("Ab1-xyz", "short"), ("abcdefghij1", "plain"), ("Zhao-2026-x", "names"), ("8001-Kwert", "names"),
     ("My-12345-pw", "common"), ("Aa1Aa1Aa1A", "common")],
)  # fmt: skip
def test_weak_passwords_are_refused_with_the_reason(password, reason):
    with pytest.raises(WeakPasswordError) as refused:
        RULES.check_password(password, an_account(R.AGENT, number="8001"))
    assert refused.value.reason == reason


def test_a_good_password_is_taken():
    RULES.check_password("Correct-horse-7", an_account(R.AGENT, number="8001"))


def test_a_password_is_stale_after_its_days_unless_days_do_not_count():
    account = an_account(has_password=True, password_set_at=NOW)
    old = NOW + timedelta(days=91)
    assert [RULES.is_stale(account, NOW + timedelta(days=89)), RULES.is_stale(account, old)] == [False, True]
    assert not replace(RULES, password_days=0).is_stale(account, old)
    assert not RULES.is_stale(an_account(), old)


def test_a_session_is_over_when_idle_or_too_long():
    session = StaffSession("s", "1", "password", NOW, NOW, NOW + RULES.longest)
    assert not session.is_over(after(29 * 60), RULES)
    assert session.is_over(after(30 * 60), RULES)
    assert replace(session, seen_at=after(12 * 3600 - 60)).is_over(after(12 * 3600), RULES)


def test_a_locked_account_is_closed_and_one_locked_for_a_while_opens_again():
    assert not an_account(is_locked=True).may_sign_in(NOW)
    waiting = an_account(locked_until=after(60))
    assert [waiting.may_sign_in(NOW), waiting.may_sign_in(after(60))] == [False, True]


def test_administrators_need_a_second_factor():
    assert [an_account(role).needs_totp for role in (R.AUDIT_ADMIN, R.REVIEWER)] == [True, False]
