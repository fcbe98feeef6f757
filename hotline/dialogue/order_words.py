"""What is said of an order that is on record (已登记的工单): that it be urged, kept secret, put right or taken back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from hotline.dialogue.patterns import either, without
from hotline.phonetics import han_only
from hotline.written_forms import in_standard_words

_CLAUSE: Final = re.compile(r"[，。！？；、,.!?;\s]+")
_LONGEST: Final = 30  # characters: who says more tells a matter
_SHORT: Final = 24
_SHORTEST: Final = 16


class OrderWords:
    """Reads what is said of orders (``orders.yaml``: ``wrong_afterwards``, ``wrong_elsewhere``, ``tells_undone``, ``asks_afterwards``, ``waives_inside``, ``asks_if_noted``, ``begins_matter``, ``begins_no_matter``, ``begins_fact``, ``called_when_done``, ``tells_when_done``, ``asks_of_reply``, ``withdraws_order_inside``, ``cancels_order``, ``pressed_to_withdraw``, ``takes_back_order``, ``presses_inside``, ``denies_done``, ``order_of_another``, ``keeps_secret_later``)."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        """Take the content of ``orders.yaml``. Raises ``KeyError`` for a list that is missing."""
        self._wrong, self._waives = tuple(rows["wrong_afterwards"]), tuple(rows["waives_inside"])
        self._asks_noted, self._presses = tuple(rows["asks_if_noted"]), tuple(rows["presses_inside"])
        self._begins_matter, self._begins_none = tuple(rows["begins_matter"]), tuple(rows["begins_no_matter"])
        elsewhere = rows["wrong_elsewhere"]
        self._wrong_elsewhere = (*elsewhere["of"], *elsewhere["asks"])
        self._told_wrongly = tuple(elsewhere["but"])
        self._speaks_of_progress = tuple(rows["speaks_of_progress"])
        self._undone, asks = tuple(rows["tells_undone"]), rows["asks_afterwards"]
        self._asks_afterwards, self._ends_asking = tuple(asks["inside"]), tuple(asks["ends"])
        self._asks_nothing = tuple(asks["but"])
        self._begins_fact, self._when_done = tuple(rows["begins_fact"]), tuple(rows["called_when_done"])
        self._tells_when_done, reply = tuple(rows["tells_when_done"]), rows["asks_of_reply"]
        self._asks_of_reply = tuple(tuple(reply[name]) for name in ("who", "reply", "tells"))
        self._ends_asking_of_reply, self._not_of_reply = tuple(reply["ends"]), tuple(reply["but"])
        self._withdraws = tuple(rows["withdraws_order_inside"])
        cancels = rows["cancels_order"]
        self._cancels, self._cancelled_by = either(cancels["words"]), re.compile(either(cancels["by"]))
        self._order_named, self._asks_to_cancel = tuple(cancels["order"]), tuple(cancels["ends"])
        self._only_cancels = re.compile(
            rf"(?:{either(cancels['lead'])})*(?:{self._cancels})(?:{either(cancels['after'])})*"
        )
        force, take = (either(rows["pressed_to_withdraw"][name]) for name in ("force", "take"))
        self._pressed = re.compile(rf"(?:{force}).{{0,6}}?(?:{take})")
        back = rows["takes_back_order"]
        self._taken_back_about, self._not_taken_back = tuple(back["about"]), tuple(back["but"])
        self._not_taken_back_at_end = tuple(back["but_ends"])
        before, asks, what, take, after = (
            either(back[name]) for name in ("before", "asks", "what", "take", "after")
        )
        lead = rf"(?:{before}|{what})*"  # 工单取消了 asks for nothing
        self._takes_back = re.compile(
            rf"{lead}(?:{asks})(?:{asks}|{before}|{what})*(?:{take})(?:{after})*|{lead}(?:{take})(?:{after})+"
            rf"|(?:{before})*(?:{either(back['alone'])})(?:{after})*"
        )
        later, denied, another = (
            rows[name] for name in ("keeps_secret_later", "denies_done", "order_of_another")
        )
        self._secret_later = tuple(tuple(later[name]) for name in ("when", "did", "words"))
        whose, said, done, yet = (either(denied[name]) for name in ("who", "said", "done", "but"))
        near = rf".{{0,{int(denied['most'])}}}?"
        self._denies_done = re.compile(rf"(?:{whose}){near}(?:{said}){near}(?:{done}).{near}(?:{yet})")
        kin, did = either(another["whose"]), either(another["did"])
        self._of_another = re.compile(rf"(?:{kin}).{{0,6}}?(?:{did})")

    def withdraws_order(self, text: str) -> bool:
        """Tell whether a sentence asks for an order to be taken back (“他们修好了，你把单子取消了吧”)."""
        if len(han_only(text)) > _LONGEST:
            return False
        inside = any(words in text for words in self._withdraws)
        return inside or self._is_cancelled(text) or self._is_taken_back(text)

    def _is_cancelled(self, text: str) -> bool:
        """Tell whether a clause asks that an order be cancelled; a benefit that the village took away (低保叫村里给取消了) is none."""
        clauses = (
            clause for clause in map(han_only, _CLAUSE.split(text)) if re.search(self._cancels, clause)
        )
        return any(
            self._only_cancels.fullmatch(clause)
            or (
                not self._cancelled_by.search(clause)
                and (clause.endswith(self._asks_to_cancel) or any(x in clause for x in self._order_named))
            )
            for clause in clauses
        )

    def _is_taken_back(self, text: str) -> bool:
        """Tell whether a clause takes back what another says is done, or was reported before (“路灯已经亮了，工单取消吧”)."""
        is_about = any(words in text for words in self._taken_back_about)
        is_other = text.rstrip().endswith(self._not_taken_back_at_end)
        if not is_about or is_other or any(words in text for words in self._not_taken_back):
            return False
        clauses = (han_only(part) for part in _CLAUSE.split(text))
        return any(self._takes_back.fullmatch(clause) for clause in clauses if clause)

    def is_pressed(self, text: str) -> bool:
        """Tell whether somebody is pressed to take an order back (“承办单位让我撤单，我不同意”)."""
        return self._pressed.search(han_only(text)) is not None

    def denies_done(self, text: str) -> bool:
        """Tell whether somebody is said to have called a matter settled that is not (“短信说办完了，根本没人来”)."""
        return self._denies_done.search(in_standard_words(han_only(text))) is not None

    def is_order_of_another(self, text: str) -> bool:
        """Tell whether it is an order that somebody else made (“我妈登记的那个单子”)."""
        return self._of_another.search(in_standard_words(han_only(text))) is not None

    def keeps_secret_later(self, text: str) -> bool:
        """Tell whether somebody asks that an order of another day be kept secret (“昨天打的那个，忘了说要保密”)."""
        return len(han_only(text)) <= _LONGEST and all(
            any(words in text for words in group) for group in self._secret_later
        )

    def speaks_of_progress(self, text: str) -> bool:
        """Tell whether there is a word in ``text`` of how an order stands; of 上个月的事 a model may think so."""
        return any(words in text for words in self._speaks_of_progress)

    def presses(self, text: str) -> bool:
        """Tell whether who asks how an order stands urges it (“催一下电梯那个事”)."""
        return any(words in text for words in self._presses)

    def says_wrong(self, text: str) -> bool:
        """Tell whether a sentence says that something was told wrongly before (“我刚才说错了，是南头村”)."""
        return len(han_only(text)) <= _LONGEST and any(words in text for words in self._wrong)

    def is_wrong_elsewhere(self, text: str) -> bool:
        """Tell whether what is wrong is so on some paper, or it is asked how to change it (“房产证上名字写错了，咋改”): it is of no order."""
        is_told = any(words in text for words in self._told_wrongly)
        return not is_told and any(words in text for words in self._wrong_elsewhere)

    def tells_undone(self, text: str) -> bool:
        """Tell whether it is said of those whose business it is that they do nothing (“物业也不管”): that is no matter of its own."""
        return any(words in text for words in self._undone)

    def asks_afterwards(self, text: str) -> bool:
        """Tell whether ``text`` is put as a question, as they are beside an order (“那个旧沙发往哪扔”)."""
        if any(words in text for words in self._asks_nothing):
            return False
        is_inside = any(words in text for words in self._asks_afterwards)
        return is_inside or text.rstrip("。？? ").endswith(self._ends_asking)

    def begins_matter(self, text: str) -> bool:
        """Tell whether ``text`` says that another matter comes (“我还要反映”, “咨询一下”)."""
        told = without(text, self._begins_none)
        return any(words in told for words in self._begins_matter)

    def begins_fact(self, text: str) -> bool:
        """Tell whether ``text`` begins as what more there is to say of a matter (“老板姓刘，电话我有”)."""
        return text.startswith(self._begins_fact)

    def is_for_when_done(self, text: str) -> bool:
        """Tell whether what is wished for is wished for when the matter is settled (“修好了给我回个电话”)."""
        return any(words in text for words in self._when_done)

    def wants_word_when_done(self, text: str) -> bool:
        """Tell whether a short sentence asks to be told when the matter is settled (“到时候给我回电话吧”)."""
        is_wish = any(words in text for words in self._tells_when_done)
        return len(han_only(text)) <= _SHORTEST and self.is_for_when_done(text) and is_wish

    def asks_of_reply(self, text: str) -> bool:
        """Tell whether a short sentence asks who will answer, or whether anybody will (“会有人给我打电话吗”)."""
        who, reply, tells = (any(words in text for words in group) for group in self._asks_of_reply)
        is_question = tells or text.rstrip("。？? ").endswith(self._ends_asking_of_reply)
        is_other = any(words in text for words in self._not_of_reply)
        return len(han_only(text)) <= _SHORT and who and reply and is_question and not is_other

    def waives_secrecy(self, text: str) -> bool:
        """Tell whether a short sentence takes a wish for secrecy back (“算了不保密了”)."""
        return len(han_only(text)) <= _SHORT and any(words in text for words in self._waives)

    def asks_if_noted(self, text: str) -> bool:
        """Tell whether a short sentence asks whether what was told is on record (“恁给俺记上了没”)."""
        return len(han_only(text)) <= _SHORTEST and any(words in text for words in self._asks_noted)
