"""Callback tasks: when somebody is called back, and how a task goes on."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.city import load_city
from hotline.domain.appeal import PhoneNumber
from hotline.domain.callbacks import (
    CallbackReason,
    CallbackResult,
    CallbackState,
    CallbackTask,
    CallbackTry,
    CallbackWindow,
    CallingHours,
    IllegalCallbackError,
)
from hotline.service.callbacks import read_hours
from tests.builders import LINYI

HOME = ZoneInfo("Asia/Shanghai")
HOURS = CallingHours(((time(9), time(12)), (time(14), time(17)), (time(17), time(20))))


def at(hour: int, minute: int = 0, day: int = 24) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=HOME)


def a_task(**given) -> CallbackTask:
    values = {
        "id": "t1", "phone": PhoneNumber("13905390001"), "reason": CallbackReason.NO_AGENT, "words": "暖气不热",
        "conversation": "c1", "window": CallbackWindow(at(14), at(17)), "created_at": at(11), **given,
    }  # fmt: skip
    return CallbackTask(**values)


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        (at(7), at(9), at(12)),
        (at(10), at(10, 30), at(12)),  # within a window: from when people can be ready, to its end
        (at(11, 15), at(14), at(17)),  # too little is left of the morning
        (at(16, 20), at(17), at(20)),
        (at(19, 30), at(9, day=25), at(12, day=25)),
        (at(23, 59), at(9, day=25), at(12, day=25)),
    ],
)
def test_the_next_window_leaves_people_time(now, start, end):
    assert HOURS.next_window(now) == CallbackWindow(start, end)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))
def test_a_window_lies_ahead_within_the_hours_and_is_long_enough(moment):
    now = moment.replace(tzinfo=HOME)
    window = HOURS.next_window(now)
    assert now + HOURS.least <= window.start < window.end <= now + timedelta(days=2)
    assert window.end - window.start >= HOURS.least
    assert any(begins <= window.start.time() and window.end.time() == ends for begins, ends in HOURS.windows)


def test_a_task_is_taken_by_one_agent_and_done():
    taken = a_task().taken("赵", at(14))
    assert (taken.state, taken.taken_by, taken.attempts) == (CallbackState.TAKEN, "赵", 1)
    with pytest.raises(IllegalCallbackError):
        taken.taken("钱", at(14))
    done = taken.reached("26112400001")
    assert (done.state, done.order_number) == (CallbackState.DONE, "26112400001")
    with pytest.raises(IllegalCallbackError):
        done.cancelled()


def test_who_is_not_reached_is_tried_in_another_window_three_times_in_all():
    task = a_task()
    windows = []
    for _ in range(3):
        windows.append(task.window)
        task = task.taken("赵", at(14)).not_reached(task.window.start, HOURS)
    assert task.state is CallbackState.UNREACHED
    assert [window.start for window in windows] == [at(14), at(17, 30), at(9, day=25)]
    assert len({(window.start.date(), window.end.time()) for window in windows}) == 3


def test_nobody_finishes_what_nobody_has_taken():
    with pytest.raises(IllegalCallbackError):
        a_task().reached()
    with pytest.raises(IllegalCallbackError):
        a_task().not_reached(at(15), HOURS)


def test_words_and_number_are_not_printed():
    assert "暖气" not in repr(a_task())
    assert "13905390001" not in repr(a_task())


def test_the_city_s_hours_can_be_read():
    hours = read_hours(load_city(LINYI))
    assert hours.next_window(at(10)).end == at(12)
    assert (hours.attempts, hours.held_for) == (3, timedelta(hours=1))


# --- calls that the hotline places -----------------------------------------------------------------------------------


def asked() -> CallbackTask:
    return a_task().call_asked("赵", at(14, 5))


def calling(*, is_automatic: bool = False) -> CallbackTask:
    return (a_task() if is_automatic else asked()).calling("赵", at(14, 6))


def test_an_agent_takes_a_task_with_the_wish_that_the_hotline_calls():
    task = asked()
    assert (task.state, task.taken_by, task.attempts, task.call_asked_at) == (
        CallbackState.TAKEN, "赵", 1, at(14, 5),
    )  # fmt: skip
    for again in (lambda: task.call_asked("赵", at(14, 6)), lambda: task.call_asked("钱", at(14, 6))):
        with pytest.raises(IllegalCallbackError):
            again()
    under_way = task.calling("赵", at(14, 6))
    assert (under_way.is_calling, under_way.call_asked_at, under_way.is_automatic) == (True, None, False)
    with pytest.raises(IllegalCallbackError):
        task.calling("钱", at(14, 6))


def test_a_talk_ends_the_task_and_its_order_may_be_named_later():
    done = calling().tried(CallbackResult.TALKED, at(14, 20), HOURS)
    assert (done.state, done.is_calling, done.last_result) == (
        CallbackState.DONE,
        False,
        CallbackResult.TALKED,
    )
    assert done.tries == (CallbackTry(at(14, 20), CallbackResult.TALKED, "赵"),)
    assert done.reached("26112400001").order_number == "26112400001"
    with pytest.raises(IllegalCallbackError):
        done.reached()
    with pytest.raises(IllegalCallbackError):
        done.reached("26112400001").reached("26112400002")


@pytest.mark.parametrize(
    "result", [CallbackResult.BUSY, CallbackResult.NO_ANSWER, CallbackResult.REJECTED, CallbackResult.HUNG_UP]
)
def test_who_is_not_reached_is_tried_in_another_window(result):
    task = calling().tried(result, at(14, 20), HOURS)
    assert (task.state, task.attempts, task.window.start, task.taken_by) == (
        CallbackState.OPEN,
        1,
        at(17, 30),
        "",
    )
    assert [one.result for one in task.tries] == [result]


@pytest.mark.parametrize("result", [CallbackResult.AGENT_LOST, CallbackResult.BROKEN])
def test_our_own_fault_is_a_try_but_no_attempt_and_the_window_stays(result):
    task = calling().tried(result, at(14, 20), HOURS)
    assert (task.state, task.attempts, task.window, len(task.tries)) == (
        CallbackState.OPEN,
        0,
        a_task().window,
        1,
    )


def test_a_call_that_could_not_be_placed_stays_with_who_asked_for_it_and_is_no_try():
    kept = calling().tried(CallbackResult.NOT_PLACED, at(14, 20), HOURS)
    assert (kept.state, kept.taken_by, kept.last_result, kept.tries) == (
        CallbackState.TAKEN, "赵", CallbackResult.NOT_PLACED, (),
    )  # fmt: skip
    back = calling(is_automatic=True).tried(CallbackResult.NOT_PLACED, at(14, 20), HOURS)
    assert (back.state, back.taken_by, back.attempts, back.tries) == (CallbackState.OPEN, "", 0, ())


def test_nothing_comes_of_a_call_for_a_task_that_nobody_has():
    with pytest.raises(IllegalCallbackError):
        a_task().tried(CallbackResult.BUSY, at(14), HOURS)


@pytest.mark.parametrize(
    "settled",
    [
        lambda task: task.reached(),
        lambda task: task.not_reached(at(14), HOURS),
        lambda task: task.not_reached(at(14), CallingHours(HOURS.windows, attempts=1)),
        lambda task: task.cancelled(),
    ],
    ids=["done", "not reached", "given up", "cancelled"],
)
def test_a_task_that_is_settled_by_hand_waits_for_no_call(settled):
    found = settled(a_task().call_asked("赵", at(12, 30)))
    assert (found.call_asked_at, found.is_calling) == (None, False)
    found = settled(calling())
    assert (found.call_asked_at, found.is_calling) == (None, False)


def test_a_call_that_still_rings_when_it_is_settled_by_hand_has_its_place_among_the_tries():
    settled = calling().not_reached(at(14, 10), HOURS)
    assert settled.tries == (CallbackTry(at(14, 10), CallbackResult.NO_ANSWER, "赵"),)


def test_no_call_is_wished_for_while_one_is_under_way():
    with pytest.raises(IllegalCallbackError):
        calling(is_automatic=True).call_asked("赵", at(14, 7))


# --- tasks that an agent took and left -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "left_from"),
    [
        (a_task().taken("赵", at(14, 10)), at(15, 10)),
        (a_task().taken("赵", at(11)), at(15)),  # before its window: the time runs from the window on
        (a_task().taken("赵", at(14, 10)).call_asked("赵", at(14, 40)), at(15, 40)),
        (replace(a_task().taken("赵", at(14)), taken_at=None), at(18)),  # taken before that was kept
    ],
)
def test_who_took_a_task_has_their_time_and_then_has_left_it(task, left_from):
    assert not task.is_left(left_from - timedelta(seconds=1), HOURS)
    assert task.is_left(left_from, HOURS)
    assert not task.reached().is_left(at(20), HOURS)
    assert not task.released(left_from).is_left(at(20), HOURS)


def test_a_task_that_was_left_is_open_again_as_if_nobody_had_taken_it():
    assert a_task().taken("赵", at(14)).released(at(15)) == a_task()
    assert asked().released(at(15)) == a_task()
    with pytest.raises(IllegalCallbackError):
        a_task().released(at(15))


def test_a_call_that_was_under_way_when_its_process_died_is_a_try_of_ours_that_broke():
    task = calling(is_automatic=True).released(at(15))
    assert (task.state, task.attempts, task.is_calling, task.window) == (
        CallbackState.OPEN, 0, False, a_task().window,
    )  # fmt: skip
    assert task.tries == (CallbackTry(at(15), CallbackResult.BROKEN, "赵"),)
