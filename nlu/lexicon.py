"""The word lists that rules on meaning use (``config/<city>/lexicon/understanding.yaml``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hotline.city import City, read_yaml
from hotline.domain.appeal import AppealKind
from hotline.domain.category import SECOND
from hotline.domain.errors import CityConfigError

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FirstNames:
    """What the name of a place ends with that is told first (阳光花园停水了), and what may stand ``before`` it.

    ``none``: what no such name holds; ``none_ends``: what none ends with; ``none_next``: what follows none.
    """

    ends: Words
    before: Words
    none: Words
    none_ends: Words
    none_next: Words


@dataclass(frozen=True, slots=True)
class DwellerWords:
    """Who lives at a place (的业主), the ``villagers`` among them; ``none``: what the name of one's home does not hold."""

    who: Words
    villagers: Words
    none: Words


@dataclass(frozen=True, slots=True)
class PassingWords:
    """What says how somebody came by a place (路过), and may stand ``before`` that (我刚才开车); ``not_behind``: no place follows (经过多次)."""

    words: Words
    before: Words
    not_behind: Words


@dataclass(frozen=True, slots=True)
class PhoneOwners:
    """Words for telephones, for who speaks (``own``; ``roles``: 联系人) and for ``others`` whose number it may be.

    ``not_between``: characters that do not stand between an owner and the telephone (老板不接电话), ``not_behind``: nor behind it (他电话不通).
    """

    telephones: Words
    own: Words
    roles: Words
    others: Words
    not_between: str
    not_behind: str

    @property
    def own_signs(self) -> str:
        """The characters that begin words for who speaks."""
        return "".join(word[0] for word in self.own)


@dataclass(frozen=True, slots=True)
class MeaningWords:
    """Words for kinds (and ``kinds_not``, saying which one it is not), inquiries, urgency, mood, secrecy and for the slots; ``letters``: how letters are said (圈 → Q).

    ``secrecy_from``: the pattern of not wanting somebody to know; ``secrecy_of``: those of what shall not be made public; ``greetings``: what people begin with before they say what they want; ``asides``: what short clauses hold that go with any matter;
    ``joints``: what may stand between two matters; ``where_alone``: what says where, and no matter.
    """

    kinds: tuple[tuple[AppealKind, Words], ...]
    kinds_not: Words
    inquiry_strong: Words
    inquiry_weak: Words
    inquiry_ends: Words
    report: Words
    asides: Words
    greetings: Words
    joints: Words
    where_alone: Words
    upset: Words
    secrecy: Words
    secrecy_from: re.Pattern[str]
    secrecy_of: tuple[re.Pattern[str], ...]
    secrecy_not: Words
    urgent: Words
    place_cues: Words
    place_ends: Words
    place_own: Words
    place_nowhere: Words
    place_named: Words
    place_first: FirstNames
    place_dwellers: DwellerWords
    place_passing: PassingWords
    not_places: Words
    place_common: Words
    place_stops: Words
    city_names: Words
    times: Words
    people: Words
    people_weakly: Words
    surnames: str
    phone_owners: PhoneOwners
    letters: Mapping[str, str]


def load_meaning_words(city: City) -> MeaningWords:
    """Read the lists; a mistake is a ``CityConfigError``."""
    file = city.folder / "lexicon" / "understanding.yaml"
    rows = read_yaml(file)
    try:
        return MeaningWords(
            kinds=tuple((AppealKind(kind), tuple(words)) for kind, words in rows["kinds"].items()),
            kinds_not=_longest_first(rows["kinds_not"]),
            place_cues=_longest_first(rows["place"]["cues"]),
            place_ends=_longest_first(rows["place"]["ends"]),
            place_own=_longest_first(rows["place"]["own"]),
            place_nowhere=_longest_first(rows["place"]["nowhere"]),
            place_named=_longest_first(rows["place"]["named"]),
            place_first=FirstNames(
                **{name: _longest_first(words) for name, words in rows["place"]["first"].items()}
            ),
            place_dwellers=DwellerWords(
                **{name: _longest_first(words) for name, words in rows["place"]["dwellers"].items()}
            ),
            place_passing=PassingWords(
                **{name: _longest_first(words) for name, words in rows["place"]["passing"].items()}
            ),
            not_places=_longest_first(rows["place"]["not_places"]),
            place_stops=_longest_first(rows["place"]["stops"]),
            place_common=_longest_first(rows["place"]["common"]),
            city_names=_longest_first(rows["place"]["city"]),
            secrecy_from=_kept_from(rows["secrecy_from"]),
            secrecy_of=_not_public(rows["secrecy_of"]),
            times=_longest_first(rows["times"]),
            greetings=_longest_first(rows["greetings"]),
            joints=_longest_first(rows["joints"]),
            where_alone=tuple(rows["where_alone"]),
            people=_longest_first(rows["people"]),
            people_weakly=_longest_first(rows["people_weakly"]),
            surnames=str(rows["surnames"]),
            phone_owners=_phone_owners(rows["phone_owners"]),
            letters=MappingProxyType(
                {str(word): str(letter) for letter, words in rows["letters"].items() for word in words}
            ),
            **{
                name: tuple(rows[name])
                for name in (
                    "inquiry_strong",
                    "inquiry_weak",
                    "inquiry_ends",
                    "report",
                    "upset",
                    "secrecy",
                    "secrecy_not",
                    "urgent",
                    "asides",
                )
            },
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise CityConfigError(file=str(file), reason=f"理解词表缺少内容或写法不对：{error}") from error


def _phone_owners(rows: Mapping[str, Any]) -> PhoneOwners:
    return PhoneOwners(
        telephones=_longest_first(rows["telephones"]),
        own=_longest_first(rows["own"]),
        roles=_longest_first(rows["roles"]),
        others=_longest_first(rows["others"]),
        not_between=str(rows["not_between"]),
        not_behind=str(rows["not_behind"]),
    )


def _kept_from(rows: Mapping[str, Any]) -> re.Pattern[str]:
    """Return the pattern of not wanting somebody to know (“别让我们老板知道”)."""
    nots, via, ends, not_whom, not_before = (
        "|".join(map(re.escape, _longest_first(rows[name])))
        for name in ("nots", "via", "ends", "not_whom", "not_before")
    )
    most = int(rows["most"])
    return re.compile(
        rf"(?:{nots})(?:{via})(?!(?:{not_whom})(?:{ends}))[^，。,.!？?]{{1,{most}}}?(?:{ends})(?!{not_before})"
        rf"|(?:{nots})告诉(?!{not_whom})"
    )


def _not_public(rows: Mapping[str, Any]) -> tuple[re.Pattern[str], ...]:
    """Return the patterns of who they are not being made public (“请勿公开本人姓名”, “我的电话请不要公开”)."""
    nots, nots_own, shows, own, things, between, alone, protects, not_with = (
        "|".join(map(re.escape, _longest_first(rows[name])))
        for name in (
            "nots", "nots_own", "shows", "own", "things", "between", "alone", "protects", "not_with"
        )
    )  # fmt: skip
    shown = rf"(?:{shows})(?:出去|出来|给\w{{1,4}}?)?了?"
    edge = r"(?:^|(?<=[，。、；：,.;:！？!?\s]))"
    return (
        re.compile(rf"(?:{nots}){shown}(?:{own})*(?:{things})|(?:{nots_own}){shown}(?:{own})+(?:{things})"),
        re.compile(rf"(?:{nots})(?:把|将)?(?:{own})+(?:{things})(?:(?:{between})|{things})*{shown}"),
        re.compile(rf"(?:{edge}|(?:{own}))(?:{things})(?:(?:{between})|{own}|{things})*(?:{nots}){shown}"),
        re.compile(rf"{edge}(?:{alone})*(?:{nots})(?:{shows})(?=$|[，。；,.;！!\s])"),
        re.compile(rf"^(?!.*(?:{not_with})).*(?:{protects})(?:{own})+(?:{things})", re.DOTALL),
    )


def _longest_first(words: list[str]) -> Words:
    return tuple(sorted(map(str, words), key=len, reverse=True))


def city_words(city: City) -> tuple[str, ...]:
    """Return the city's names and the keywords of the second-level categories, so that jieba does not cut them in two."""
    names: set[str] = set()
    for county in city.counties.values():
        names.update((county.name, *county.aliases))
    for street in city.streets.values():
        names.update((street.name, *street.aliases))
    names.update(keyword for category in city.categories_at(SECOND) for keyword in category.keywords)
    return tuple(sorted(name for name in names if len(name) > 1))


def write_city_dictionary(city: City, file: Path) -> None:
    """Write ``city_words`` as a dictionary of jieba: one word and its frequency a line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{name} 2000\n" for name in city_words(city)), encoding="utf-8")
