"""Watching for hot issues: one alert for a burst, whoever else is watching, kept together with what it follows from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hotline.city import load_city
from hotline.domain.hot_issues import Gathering
from hotline.domain.outbox import Message
from hotline.domain.work_order import WorkOrder
from hotline.service.hot_issues import HotIssueWatch
from hotline.service.repeats import RepeatRules, load_repeat_rules
from tests.builders import LINYI, NOW, an_appeal
from tests.work_orders import an_order

CITY = load_city(LINYI)
GIVEN = load_repeat_rules(CITY)
RULES = RepeatRules(GIVEN.repeats, replace(GIVEN.hot_issues, street=3), GIVEN.alerts)


@dataclass
class KeptGatherings:
    """Keeps in memory; ``rivals`` other watchers each change something just before the next keeping."""

    rivals: int = 0
    kept: dict[str, tuple[Gathering, int]] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)

    async def gathering(self, key: str) -> tuple[Gathering, int]:
        return self.kept.get(key, (Gathering(), 0))

    async def keep_gathering(
        self, key: str, gathering: Gathering, *, expected: int, messages: Sequence[Message], at: datetime
    ) -> bool:
        revision = self.kept.get(key, (Gathering(), 0))[1]
        if self.rivals > 0:
            self.rivals -= 1
            self.kept[key] = (self.kept.get(key, (Gathering(), 0))[0], revision + 1)
            return False
        if revision != expected:
            return False
        self.kept[key] = (gathering, revision + 1)
        self.messages.extend(messages)
        return True


def order(number: int) -> WorkOrder:
    return an_order(f"261123{number:05d}", minutes=number)


async def test_a_burst_is_told_to_the_duty_officer_once() -> None:
    kept = KeptGatherings()
    watch = HotIssueWatch(kept, RULES, CITY)
    alerts = [len(await watch.saw(order(number), at=NOW)) for number in (1, 2, 3, 3, 4, 5)]
    assert alerts == [0, 0, 1, 0, 0, 0]
    (message,) = kept.messages
    assert (message.destination, message.kind, message.subject) == ("duty", "hot_issue", "26112300003")
    assert message.body["numbers"] == ["26112300001", "26112300002", "26112300003"]
    assert message.body["text"] == (
        "热点诉求：银雀山街道自11-23 10:01至11-23 10:03共收到“供暖”诉求3件（报告线3件）。"
        "工单：26112300001、26112300002、26112300003。"
    )


async def test_another_watcher_in_between_neither_loses_nor_doubles() -> None:
    kept = KeptGatherings()
    watches = [HotIssueWatch(kept, RULES, CITY) for _ in range(2)]
    for number in (1, 2, 3, 4):
        kept.rivals = 2
        await watches[number % 2].saw(order(number), at=NOW)
    assert [message.subject for message in kept.messages] == ["26112300003"]


async def test_an_order_that_cannot_be_kept_for_rivals_is_let_go() -> None:
    kept = KeptGatherings(rivals=100)
    assert await HotIssueWatch(kept, RULES, CITY).saw(order(1), at=NOW) == ()
    assert kept.messages == []


async def test_an_order_without_place_counts_nowhere() -> None:
    kept = KeptGatherings()
    await HotIssueWatch(kept, RULES, CITY).saw(an_order(appeal=an_appeal(place=None)), at=NOW)
    assert kept.kept == {}
