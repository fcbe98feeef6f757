"""How patient the dialogue is. All of it is settings; the defaults come from 《design》 and GB/T 33358-2016."""

from __future__ import annotations

from dataclasses import dataclass, field

from hotline.domain.appeal import AppealKind
from hotline.domain.category import within
from hotline.domain.speech import Expected


def _phone_seconds() -> dict[Expected, float]:
    return {Expected.OPEN: 7.0, Expected.YES_NO: 6.0, Expected.PLACE: 7.0, Expected.DIGITS: 9.0}


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits of the conversation.

    ``silence_seconds``: how long to wait for words after a prompt. A silent citizen is asked ``max_silences`` times
    again, one who is not understood ``max_no_match - 1`` times, then a person takes over. ``closing_seconds``: silence
    after “还有其他问题吗” that ends the call. ``elder_slowness``: how much longer a citizen may pause who asked for it, or
    who was silent or asked back again and again. What is read back may be corrected ``max_corrections`` times and added to
    ``max_additions`` times. ``secrecy_categories``: complaints of these are asked about secrecy (保密).
    ``category_confidence``: from where on a class is taken down. Confidences are calibrated, so the figure is a share that
    is right. Engines name a class only above a threshold read off their own curve (0.52, ``nlu.calibration``); below it
    stand classes by keywords (0.4, ``nlu.engines.rules``), which are taken too, since the citizen hears and confirms them.
    ``unit_confidence``: from where on of the class it is told whose business something is: nobody confirms that.
    ``asks_rating``: whether a conversation that settled something ends with the question how it was (服务评价).
    """

    silence_seconds: dict[Expected, float] = field(default_factory=_phone_seconds)
    closing_seconds: float = 4.0
    patience_seconds: float = 20.0
    max_silences: int = 2
    max_no_match: int = 2
    max_place_questions: int = 2
    max_corrections: int = 3
    max_additions: int = 6
    min_matter_characters: int = 5
    category_confidence: float = 0.35
    withdrawal_confidence: float = 0.6
    unit_confidence: float = 0.5
    max_told_orders: int = 3
    elder_slowness: float = 1.5
    secrecy_categories: frozenset[str] = frozenset()
    asks_rating: bool = False

    def asks_secrecy(self, kind: AppealKind, category: str | None) -> bool:
        """Tell whether a citizen with such an appeal is asked: tip-offs always, complaints where identity matters."""
        is_delicate = kind is AppealKind.COMPLAINT and within(category, self.secrecy_categories)
        return kind is AppealKind.TIP_OFF or is_delicate


WRITTEN = Policy(
    silence_seconds=dict.fromkeys(Expected, 600.0),
    closing_seconds=600.0,
    patience_seconds=600.0,
    max_silences=0,
)
"""For chat: people put the phone away and come back; after ten minutes the conversation ends by itself."""
