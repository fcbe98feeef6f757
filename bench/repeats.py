"""Benchmark of repeats and hot issues on a table of real messages: ``id,user,time,topic,detail``.

How the truth was obtained: nobody has labelled these messages. Two messages of one user count as the same matter when
their titles share at least ``_SAME_TITLE`` of their character pairs, as different matters below ``_OTHER_TITLE``; pairs in
between are left out. The detector never sees the titles, only the accounts below them. Titles of one matter may be worded
quite differently, so part of the "false" offers are true repeats. The city's limits were chosen with an eye on this very
table, so its figures flatter them; on other messages expect less. Hot issues: a name of four
characters that titles of at least ``_CLUSTER`` users hold within ``_CLUSTER_DAYS`` days, and seldom at other times, makes
one; caught means that an alert names at least two of its messages.
"""

from __future__ import annotations

import csv
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from hotline.domain.appeal import Appeal, AppealKind, Place
from hotline.domain.errors import HotlineError
from hotline.domain.hot_issues import Gathering, HotIssueAlert, HotIssueSettings, Occurrence
from hotline.domain.life_cycle import Status
from hotline.domain.repeats import PastOrder, RepeatSettings, find_repeat, likeness
from hotline.phonetics import sounds, syllables
from nlu.understander import Understander

_SAME_TITLE: Final = 0.6
_OTHER_TITLE: Final = 0.2
_CLUSTER: Final = 4
_CLUSTER_DAYS: Final = 14
_NAME: Final = 4
_CITY: Final = "A"
_MISHEARD_SHARE: Final = 0.1
_SEED: Final = 7
_STRANGERS: Final = 20
_COLUMNS: Final = ("id", "user", "time", "topic", "detail")
_COUNTY: Final = re.compile(r"[A-Z]\d+[市区县]")
_NO_HAN: Final = re.compile(r"[^\u4e00-\u9fff]")
_DAYS_OF_MONTH: Final = 30.44

Progress = Callable[[int, int], None]


class RepeatDataError(HotlineError):
    """The table of messages cannot be used; the message says why, in Chinese."""

    code = "bench.repeat_data"


@dataclass(frozen=True, slots=True)
class Message:
    """One message as the hotline would have it; ``title`` is kept for the truth only."""

    id: str
    user: str
    at: datetime
    title: str
    text: str
    category: str | None = None
    county: str | None = None

    def appeal(self) -> Appeal:
        """Return it as an appeal."""
        return Appeal(AppealKind.HELP, self.category, self.text, place=self._place)

    def past(self) -> PastOrder:
        """Return it as an order that was registered with it."""
        return PastOrder(self.id, self.category, self._place, self.text, Status.HANDLING, self.at)

    @property
    def _place(self) -> Place | None:
        return Place(self.county, self.county, self.county) if self.county else None


async def bench_repeats(
    messages_csv: Path,
    understander: Understander,
    settings: RepeatSettings,
    hot: HotIssueSettings,
    progress: Progress = lambda done, of: None,  # noqa: ARG005 -- named as callers call it
) -> dict[str, Any]:
    """Return precision and recall of repeats and of hot issues, with simpler rules beside them. Raises ``RepeatDataError``."""
    messages = await understood(read_messages(messages_csv), understander, progress)
    return {
        "messages": len(messages),
        "users": len({message.user for message in messages}),
        "repeats": _repeats(messages, settings),
        "hot_issues": _hot_issues(messages, hot),
    }


def _repeats(messages: Sequence[Message], settings: RepeatSettings) -> dict[str, Any]:
    same, other, unclear = _labelled(messages)
    worn = _Worn(messages)
    heard = [(one, replace(two, text=worn.misheard(two.text))) for one, two in same]

    def ours(one: Message, two: Message) -> bool:
        return find_repeat(two.appeal(), [one.past()], two.at, settings, sounds) is not None

    def written(one: Message, two: Message) -> bool:
        return likeness(one.text, two.text, tuple) >= settings.alike

    def every(_one: Message, _two: Message) -> bool:
        return True

    strangers = list(_strangers(messages))
    return {
        "same_matter_pairs": len(same),
        "other_matter_pairs": len(other),
        "left_out_pairs": unclear,
        **_figures(ours, same, other),
        "recall_misheard": _share(ours(*pair) for pair in heard),
        "offered_to_strangers": _share(ours(*pair) for pair in strangers),
        "baseline_same_characters": {
            **_figures(written, same, other),
            "recall_misheard": _share(written(*pair) for pair in heard),
            "offered_to_strangers": _share(written(*pair) for pair in strangers),
        },
        "baseline_every_message_of_one_user": _figures(every, same, other),
    }


def _figures(
    is_repeat: Callable[[Message, Message], bool],
    same: Sequence[tuple[Message, Message]],
    other: Sequence[tuple[Message, Message]],
) -> dict[str, float]:
    right, wrong = sum(is_repeat(*pair) for pair in same), sum(is_repeat(*pair) for pair in other)
    return {
        "recall": round(right / max(1, len(same)), 4),
        "precision": round(right / max(1, right + wrong), 4),
        "offered_across_matters": round(wrong / max(1, len(other)), 4),
    }


def _share(found: Iterator[bool]) -> float:
    hits = list(found)
    return round(sum(hits) / max(1, len(hits)), 4)


def _labelled(
    messages: Sequence[Message],
) -> tuple[list[tuple[Message, Message]], list[tuple[Message, Message]], int]:
    of_user: defaultdict[str, list[Message]] = defaultdict(list)
    for message in messages:
        of_user[message.user].append(message)
    same: list[tuple[Message, Message]] = []
    other: list[tuple[Message, Message]] = []
    unclear = 0
    for theirs in of_user.values():
        for one, two in combinations(theirs, 2):
            alike = likeness(one.title, two.title, tuple, enough_pairs=len(one.title) + len(two.title))
            if alike >= _SAME_TITLE:
                same.append((one, two))
            elif alike < _OTHER_TITLE:
                other.append((one, two))
            else:
                unclear += 1
    return same, other, unclear


def _strangers(messages: Sequence[Message]) -> Iterator[tuple[Message, Message]]:
    """Pair each message with the last ones of other users in its category and county: other people's matters."""
    before: defaultdict[tuple[str | None, str | None], list[Message]] = defaultdict(list)
    for message in messages:
        lately = before[message.category, message.county]
        if message.category is not None:
            yield from ((one, message) for one in lately[-_STRANGERS:] if one.user != message.user)
        lately.append(message)


class _Worn:
    """Wears a text as a recogniser does: some characters become others with the same toneless sound."""

    def __init__(self, messages: Sequence[Message]) -> None:
        characters = Counter(character for message in messages for character in message.text)
        self._alike: defaultdict[str, list[str]] = defaultdict(list)
        for character in sorted(characters):
            self._alike[syllables(character)[0]].append(character)
        self._random = random.Random(_SEED)

    def misheard(self, text: str) -> str:
        return "".join(
            self._random.choice(self._alike[syllables(character)[0]])
            if self._random.random() < _MISHEARD_SHARE
            else character
            for character in text
        )


def _hot_issues(messages: Sequence[Message], settings: HotIssueSettings) -> dict[str, Any]:
    placed = [message for message in messages if message.county is not None and message.category is not None]
    clusters = _clusters(messages)
    days = (messages[-1].at - messages[0].at).total_seconds() / 86_400
    months = max(1.0, days / _DAYS_OF_MONTH)
    # The table has a few messages a day where a hotline has thousands: every length of time is drawn out alike, and
    # since its counties have no streets, they count as streets do.
    times = _CLUSTER_DAYS * 24 / settings.window_hours
    slow = replace(
        settings,
        window_hours=settings.window_hours * times,
        calm_hours=settings.calm_hours * times,
        usual_days=settings.usual_days * times,
        county=settings.street,
    )
    alerts = _alerts(placed, slow)
    fixed = _alerts(placed, replace(slow, usual_factor=0.001, risk_words=()))
    return {
        "placed_messages": len(placed),
        "months": round(months, 1),
        "clusters": len(clusters),
        **_caught(alerts, clusters, months),
        "baseline_fixed_number": _caught(fixed, clusters, months),
    }


def _alerts(messages: Sequence[Message], settings: HotIssueSettings) -> list[HotIssueAlert]:
    kept: defaultdict[str, Gathering] = defaultdict(Gathering)
    alerts: list[HotIssueAlert] = []
    for message in messages:
        assert message.category is not None
        assert message.county is not None
        one = Occurrence(message.id, message.category, message.county, None, message.at, message.text)
        kept[one.key], begun = kept[one.key].after(one, settings)
        alerts += begun
    return alerts


def _caught(
    alerts: Sequence[HotIssueAlert], clusters: Sequence[frozenset[str]], months: float
) -> dict[str, float]:
    named = [set(alert.numbers) for alert in alerts]
    found = sum(any(len(numbers & cluster) > 1 for numbers in named) for cluster in clusters)
    about = sum(any(len(numbers & cluster) > 1 for cluster in clusters) for numbers in named)
    return {
        "alerts": len(alerts),
        "alerts_per_month": round(len(alerts) / months, 2),
        "clusters_caught": round(found / max(1, len(clusters)), 4),
        "alerts_about_a_cluster": round(about / max(1, len(alerts)), 4),
    }


def _clusters(messages: Sequence[Message]) -> list[frozenset[str]]:
    named: defaultdict[str, list[Message]] = defaultdict(list)
    for message in messages:
        title = _NO_HAN.sub("", message.title)
        for name in {title[start : start + _NAME] for start in range(len(title) - _NAME + 1)}:
            named[name].append(message)
    found: list[set[str]] = []
    for said in named.values():
        burst = max((_within(said, first.at) for first in said), key=len)
        if len({one.user for one in burst}) >= _CLUSTER and 2 * len(burst) >= len(said):
            ids = {one.id for one in burst}
            same = next((known for known in found if 2 * len(known & ids) >= min(len(known), len(ids))), None)
            if same is None:
                found.append(ids)
            else:
                same |= ids
    return [frozenset(ids) for ids in found]


def _within(messages: Sequence[Message], start: datetime) -> list[Message]:
    end = start + timedelta(days=_CLUSTER_DAYS)
    return [one for one in messages if start <= one.at <= end]


async def understood(
    messages: Sequence[Message], understander: Understander, progress: Progress
) -> list[Message]:
    """Return the messages with their class, and the county that they name first."""
    done = []
    for number, message in enumerate(messages, 1):
        meaning = await understander.understand(message.text)
        county = _COUNTY.search(message.text) or _COUNTY.search(message.title)
        done.append(
            replace(message, category=meaning.category, county=county[0] if county is not None else _CITY)
        )
        if number % 100 == 0 or number == len(messages):
            progress(number, len(messages))
    return done


def read_messages(file: Path) -> list[Message]:
    """Return the messages of a table, the oldest first. Raises ``RepeatDataError``."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines)
            missing = set(_COLUMNS) - set(table.fieldnames or ())
            if missing:
                raise RepeatDataError(f"{file}：没有列 {'、'.join(sorted(missing))}")
            messages = [
                Message(
                    row["id"],
                    row["user"],
                    _time(row["time"]),
                    row["topic"].strip(),
                    "".join(row["detail"].split()),
                )
                for row in table
            ]
    except (OSError, UnicodeDecodeError, csv.Error, ValueError, AttributeError) as error:
        raise RepeatDataError(f"{file}：读不出来（{error}）") from error
    if not messages:
        raise RepeatDataError(f"{file}：没有一行留言")
    return sorted(messages, key=lambda message: message.at)


def _time(text: str) -> datetime:
    return datetime.strptime(text.replace("/", "-"), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
