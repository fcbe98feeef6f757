"""Prompts (播报语): every sentence the dialogue says, by name, from ``config/<city>/prompts``.

A prompt is cut into parts at the end of each sentence and at ``|``. Parts without a blank to fill in are fixed: they
can be rendered ahead, so that sound starts at once.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from hotline.dialogue.actions import Say
from hotline.domain.appeal import ContactChannel
from hotline.domain.diversion import DiversionOutcome
from hotline.domain.errors import CityConfigError
from hotline.domain.life_cycle import Status

_CUT: Final = re.compile(r"\||(?<=[。？！；])(?=.)")

NAMES: Final = frozenset({
    "greeting", "invite", "reprompt_open", "reprompt_keys", "key_unknown", "not_understood", "not_heard", "hearing_down",
    "off_topic", "machine", "machine_open", "please_wait", "still_looking", "take_your_time", "answer_lead", "answer_written", "anything_more", "go_ahead",
    "no_answer_register", "ask_matter", "ask_place", "ask_place_again", "ask_county", "ask_place_detail", "confirm", "confirm_contact",
    "confirm_unclear", "what_is_wrong", "contact_noted", "secrecy_noted", "calm", "registered", "registered_due",
    "registered_manual", "order_undone", "registered_supplement", "still_registering", "not_recorded", "transferring", "transferring_progress",
    "transferring_withdraw", "despair", "agent_busy", "leave_message", "message_registered", "message_none", "emergency",
    "emergency_check", "emergency_failed", "not_registered_yet", "goodbye", "goodbye_silent", "warn_nuisance", "briefing",
    "matter_of_category", "matter_in_words", "matter_asked", "place_unknown", "due_date", "connector_and",
    "ask_secrecy", "ask_secrecy_tip_off", "secrecy_by_law", "secrecy_wished", "secrecy_waived", "secrecy_added", "confirm_short", "confirm_whole", "facts_noted", "follow_up_untold", "follow_up_else", "follow_up_ask", "text_not_sent", "welcome", "withdrawn", "repeat_found", "repeat_offer", "repeat_new_facts",
    "repeat_closed_offer", "repeat_closed_kept", "merged", "facts_added", "order_what_is_right", "urged", "not_added", "progress_lead", "progress_order", "progress_unit", "progress_due", "progress_count",
    "progress_none", "ask_number", "ask_number_again", "ask_proof", "progress_refused", "progress_unavailable", "progress_later",
    "matter_choice", "matter_question", "place_choice", "connector_or", "aside_unknown", "aside_back", "next_matter", "slower", "hearing_busy", "confirm_phone",
    "ask_rating", "ask_rating_again", "rated", "rated_badly", "queue_next", "queue_ahead", "queue_wait", "queue_callback",
    "agent_rings", "callback_greeting", "goodbye_callback", "party_rings", "party_joined", "party_gone", "party_busy", "party_no_answer", "party_rejected", "party_failed",
    "party_no_line", "party_left", "put_on_hold", "still_on_hold", "agent_left", "agent_left_passing", "agent_took_over", "callback_wished", "callback_offer", "callback_planned", "callback_other", "callback_wish_noted", "answer_doubted", "matter_later", "callback_window", "day_today", "day_tomorrow", "clock", "clock_sharp",
    "taken_over", "taken_over_not", "agent_joined", "agent_parted", "agent_passes_on", "agent_lost", "agents_away", "waits_no_more",
    "unit_invited", "unit_dismissed", "picture_first", "place_first", "own_orders", "published",
    "who_found", "who_unknown", "who_offer", "ask_who_matter",
    "number_again", "number_first", "number_next", "number_not_sent", "order_written", "unit_phone", "urged_by_others",
    "divert_reason", "divert_review",
    *(f"divert_{outcome.value}" for outcome in DiversionOutcome),
    *(f"status_{status.value}" for status in Status),
})  # fmt: skip


class Prompts:
    """The prompts of one city, in the wording for one channel (spoken or written)."""

    def __init__(
        self, templates: Mapping[str, str], *, file: str = "", names: frozenset[str] = NAMES
    ) -> None:
        """Take name → template; raise ``CityConfigError`` for one missing of or unknown to ``names``, or a broken blank."""
        self._templates = dict(templates)
        for name in sorted(names - templates.keys()):
            raise CityConfigError(file=file, row=name, reason="缺少这条播报语")
        for name, template in templates.items():
            if name not in names:
                raise CityConfigError(file=file, row=name, reason="没有用到的播报语")
            try:
                list(string.Formatter().parse(template))
            except ValueError as error:
                raise CityConfigError(file=file, row=name, reason=f"填空写法不对：{error}") from error

    def text(self, name: str, **values: str) -> str:
        """Return one prompt with its blanks filled in."""
        return self._templates[name].format(**values).replace("|", "")

    def cut(self, name: str, **values: str) -> str:
        """Return one prompt for use inside another: the places where it may be cut stay marked."""
        return self._templates[name].format(**values)

    def parts(self, name: str, **values: str) -> tuple[str, ...]:
        """Return one prompt, cut into parts, with its blanks filled in."""
        return tuple(part for part in _CUT.split(self._templates[name].format(**values)) if part)

    def say(
        self,
        turn: int,
        names: Sequence[str],
        values: Mapping[str, str] | None = None,
        *,
        is_interruptible: bool = True,
    ) -> Say:
        """Return a ``Say`` of the named prompts in order, with their blanks filled in."""
        filled = values or {}
        return Say(
            turn=turn,
            parts=tuple(part for name in names for part in self.parts(name, **filled) if part.strip()),
            prompts=tuple(names),
            is_interruptible=is_interruptible,
        )

    def fixed_parts(self) -> Iterator[str]:
        """Yield every part that never changes, for rendering ahead."""
        for template in self._templates.values():
            for part in _CUT.split(template):
                if part and not any(blank is not None for _, blank, _, _ in string.Formatter().parse(part)):
                    yield part


def prompts_for(
    channel: ContactChannel,
    rows: Mapping[str, str | Mapping[str, str]],
    *,
    file: str = "",
    names: frozenset[str] = NAMES,
) -> Prompts:
    """Choose each prompt's wording for ``channel``: a row is one wording for all, or {"phone": …, "chat": …}."""
    side = "phone" if channel is ContactChannel.PHONE else "chat"
    templates: dict[str, str] = {}
    for name, row in rows.items():
        if isinstance(row, str):
            templates[name] = row
        elif side in row:
            templates[name] = row[side]
        else:
            raise CityConfigError(file=file, row=name, reason=f"缺少 {side} 的说法")
    return Prompts(templates, file=file, names=names)
