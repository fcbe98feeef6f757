"""What a page shows beside a message's words: short answers to press, and cards with the city's names (快捷回复、卡片)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from chat.web_chat import protocol
from hotline.dialogue.actions import Say
from hotline.dialogue.cards import ArticleCard, Card, FormCard, OrderCard, OrdersCard
from hotline.domain.appeal import AppealKind
from hotline.domain.category import Category
from hotline.domain.life_cycle import Status
from hotline.service.knowledge_files import links_of


@dataclass(frozen=True, slots=True)
class PageWords:
    """The city's words for pages. ``replies``: name of a prompt → answers; names of categories, kinds and states.

    ``point`` words a point of the map by its ``latitude`` and ``longitude``.
    """

    replies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    categories: Mapping[str, Category] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    point: str = "{latitude:.5f}, {longitude:.5f}"

    def point_in_words(self, latitude: float, longitude: float) -> str:
        """Return a point of the map as people read it."""
        return self.point.format(latitude=latitude, longitude=longitude)

    def replies_to(self, say: Say) -> tuple[str, ...]:
        """Return the answers of the last of a message's prompts that has any."""
        found = next((self.replies[name] for name in reversed(say.prompts) if name in self.replies), ())
        return tuple(found)

    def card(self, card: Card | None) -> protocol.AnyCard | None:
        """Return a card as pages have it."""
        match card:
            case None:
                return None
            case ArticleCard():
                return protocol.ArticleCard(
                    id=card.article, title=card.title, unit=card.unit, source=card.source, steps=card.steps,
                    materials=card.materials, place=card.place, hours=card.hours, phone=card.phone,
                    attachments=tuple(
                        protocol.AttachmentLink(name=name, href=href)
                        for name, href in links_of(card.article, card.attachments)
                    ),
                )  # fmt: skip
            case FormCard():
                return protocol.FormCard(
                    kind=card.kind.value, kind_text=self.kind(card.kind), category=card.category or "",
                    category_text=self.category(card.category), text=card.text, place=card.place,
                    occurred=card.occurred, phone=card.phone, wants_secrecy=card.wants_secrecy,
                )  # fmt: skip
            case OrdersCard():
                return protocol.OrdersCard(orders=tuple(self._order(order) for order in card.orders))
            case _:
                assert_never(card)

    def category(self, code: str | None) -> str:
        """Return a category's name; empty where there is none."""
        found = self.categories.get(code or "")
        return found.name if found is not None else ""

    def kind(self, kind: AppealKind) -> str:
        """Return a kind's name."""
        return self.kinds.get(kind.value, kind.value)

    def status(self, status: Status) -> str:
        """Return a state's name."""
        return self.statuses.get(status.value, status.value)

    def _order(self, order: OrderCard) -> protocol.OrderLine:
        return protocol.OrderLine(
            number=order.number,
            status=order.status.value if order.status is not None else "",
            status_text=self.status(order.status) if order.status is not None else "",
            unit=order.unit or "",
            due_at=order.due_at,
            category_text=self.category(order.category),
            registered_at=order.registered_at,
        )
