"""What a recogniser may be told beforehand (识别提示): prompts, word lists and hotwords of one city."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from hotline.city import City, read_yaml
from hotline.domain.errors import CityConfigError
from hotline.domain.speech import Expected
from hotline.phonetics import han_only

_MOST_CHOICES: Final = 16  # a longer prompt costs time and tells little


@dataclass(frozen=True, slots=True)
class HearingHints:
    """The content of ``lexicon/hearing.yaml`` together with the city's place names."""

    prompts: Mapping[Expected, str]
    phone_prompt: str
    short_lead: str
    fallback_prompt: str
    likely_answers: tuple[str, ...]
    short_answers: tuple[str, ...]
    never_said: frozenset[str]
    never_said_inside: tuple[str, ...]
    places: tuple[str, ...]
    words: Mapping[Expected, tuple[str, ...]]
    hotwords: tuple[str, ...]

    def prompt(
        self,
        expect: Expected,
        choices: Sequence[str] = (),
        *,
        is_phone: bool = False,
        is_short: bool = False,
    ) -> str:
        """Return the text that a prompted engine (whisper) should believe was said just before.

        ``is_short``: of the speech. Who asks for a person says little, and is understood as they must be (转人工).
        """
        if expect is Expected.YES_NO:
            likely = dict.fromkeys((*self.likely_answers, *choices[:_MOST_CHOICES]))
            return self.prompts[expect].format(choices="。".join(likely))
        prompt = self.phone_prompt if is_phone and expect is Expected.OPEN else self.prompts[expect]
        return self.short_lead + prompt if is_short else prompt

    def answers(self, expect: Expected, choices: Sequence[str] = ()) -> tuple[str, ...]:
        """Return what a short answer is read among that was not heard surely; empty where other things may be said.

        A yes-or-no question without ``choices`` asks for something else (“满意”).
        """
        return self.short_answers if expect is Expected.YES_NO and choices else ()

    def grammar(self, expect: Expected, choices: Sequence[str] = ()) -> tuple[str, ...]:
        """Return the only words that may be heard; empty where anything may be said."""
        return tuple(dict.fromkeys((*choices, *self.words[expect]))) if expect in self.words else ()

    def bias(self, expect: Expected, choices: Sequence[str] = ()) -> tuple[str, ...]:
        """Return the words to lean to, for engines with hotwords."""
        likely = self.words.get(expect, (*self.places, *self.hotwords))
        return tuple(dict.fromkeys((*choices, *likely)))

    def repeats_lead(self, text: str) -> bool:
        """Tell whether ``text`` holds the first sentence of the prompt of short speech, which an engine makes of noise."""
        return self.short_lead.partition("。")[0] in han_only(text)

    def is_made_up(self, text: str) -> bool:
        """Tell whether ``text`` is one of the sentences that engines invent when nobody speaks."""
        return han_only(text) in self.never_said or any(word in text for word in self.never_said_inside)


def load_hearing_hints(city: City) -> HearingHints:
    """Read ``lexicon/hearing.yaml``; a mistake in it is a ``CityConfigError``."""
    file = city.folder / "lexicon" / "hearing.yaml"
    rows = read_yaml(file)
    counties = tuple(county.name for county in city.counties.values())
    try:
        prompts = {
            expect: str(rows["prompts"][expect.value]).replace("{counties}", "、".join(counties))
            for expect in Expected
        }
        for prompt in prompts.values():
            prompt.format(choices="")
        return HearingHints(
            prompts=MappingProxyType(prompts),
            phone_prompt=rows["phone_prompt"],
            short_lead=rows["short_lead"],
            fallback_prompt=rows["fallback_prompt"],
            likely_answers=tuple(rows["likely_answers"]),
            short_answers=tuple(rows["short_answers"]),
            never_said=frozenset(rows["never_said"]["whole"]),
            never_said_inside=tuple(rows["never_said"]["inside"]),
            places=(*counties, *(street.name for street in city.streets.values())),
            words=MappingProxyType(
                {
                    Expected.DIGITS: tuple(rows["digit_words"]),
                    Expected.YES_NO: tuple(rows["yes_no_words"]),
                }
            ),
            hotwords=tuple(rows["hotwords"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CityConfigError(file=str(file), reason=f"识别提示缺少内容或写法不对：{error!r}") from error
