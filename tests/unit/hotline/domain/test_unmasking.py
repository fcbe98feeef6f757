"""Seeing who a confidential citizen is: a reason, a second person, some hours."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hotline.domain.errors import DeedRefusedError
from hotline.domain.unmasking import LONGEST, UnmaskRefusedError, UnmaskRequest, UnmaskState
from tests.builders import NOW, after

ASKED = UnmaskRequest("u1", "26112300001", "li", "法院调取", NOW)
HOUR = timedelta(hours=1)


def test_an_approval_lets_the_asker_see_for_some_hours_and_nobody_else() -> None:
    approved = ASKED.approved(by="zhou", at=after(60), hold=HOUR, note="有调取函")
    assert (approved.state, approved.decided_by, approved.until) == (
        UnmaskState.APPROVED, "zhou", after(60) + HOUR,
    )  # fmt: skip
    seen = [
        approved.lets_see(who, at)
        for who, at in (("li", after(61)), ("zhou", after(61)), ("li", after(3660)))
    ]
    assert seen == [True, False, False]
    assert ASKED.lets_see("li", after(61)) is False


def test_nobody_decides_on_their_own_request_or_twice_or_for_ever() -> None:
    refused = ASKED.refused(by="zhou", at=NOW, note="可用热线转接")
    assert (refused.state, refused.note, refused.lets_see("li", NOW)) == (
        UnmaskState.REFUSED, "可用热线转接", False,
    )  # fmt: skip
    reasons = []
    for request, by, hold in (
        (ASKED, "li", HOUR),
        (refused, "zhou", HOUR),
        (ASKED, "zhou", timedelta(0)),
        (ASKED, "zhou", LONGEST + HOUR),
    ):
        with pytest.raises(UnmaskRefusedError) as caught:
            request.approved(by=by, at=NOW, hold=hold)
        reasons.append(caught.value.reason)
    too_long = "an approval holds for some hours, and not longer than the rules allow"
    assert reasons == [
        "nobody approves their own application", "the request is decided already", too_long, too_long,
    ]  # fmt: skip


def test_who_asks_and_who_refuses_say_why() -> None:
    with pytest.raises(DeedRefusedError):
        UnmaskRequest("u1", "26112300001", "li", " ", NOW)
    with pytest.raises(DeedRefusedError):
        ASKED.refused(by="zhou", at=NOW, note=" ")
