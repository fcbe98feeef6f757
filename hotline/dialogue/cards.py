"""What comes with a message in writing besides its words (卡片): for pages that can show it; the words say it all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hotline.domain.appeal import AppealKind
from hotline.domain.knowledge import Article, Attachment
from hotline.domain.life_cycle import Status
from hotline.domain.repeats import OrderNews


@dataclass(frozen=True, slots=True)
class ArticleCard:
    """What an answer rests on, and the guide that goes with it (办事指南)."""

    article: str
    title: str
    unit: str
    source: str
    steps: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    place: str = ""
    hours: str = ""
    phone: str = ""
    attachments: tuple[Attachment, ...] = ()

    @classmethod
    def of(cls, article: Article) -> ArticleCard:
        """Return the card of an article."""
        return cls(
            article=article.id,
            title=article.title,
            unit=article.unit,
            source=article.source,
            steps=article.steps,
            materials=article.materials,
            place=article.place,
            hours=article.hours,
            phone=article.phone,
            attachments=article.attachments,
        )


@dataclass(frozen=True, slots=True)
class FormCard:
    """What was taken down, to be confirmed or corrected. ``phone`` is masked."""

    kind: AppealKind
    category: str | None
    text: str
    place: str
    occurred: str
    phone: str
    wants_secrecy: bool


@dataclass(frozen=True, slots=True)
class OrderCard:
    """How an order stands. ``unit`` is a name."""

    number: str
    status: Status | None
    unit: str | None
    due_at: datetime | None
    category: str | None = None
    registered_at: datetime | None = None

    @classmethod
    def of(cls, news: OrderNews) -> OrderCard:
        """Return the card of an order that was asked about."""
        return cls(
            number=news.number,
            status=news.status,
            unit=news.lead_unit_name,
            due_at=news.due_at,
            category=news.category,
            registered_at=news.registered_at,
        )


@dataclass(frozen=True, slots=True)
class OrdersCard:
    """How several orders stand, the most telling first."""

    orders: tuple[OrderCard, ...]


Card = ArticleCard | FormCard | OrdersCard
