"""What the consoles need of the knowledge base, put together."""

from __future__ import annotations

from collections.abc import Sequence

from app.city_words import lexicon, load_prompts
from app.knowledge import KnowledgeParts
from app.letter_words import load_letter_prompts
from app.reading_aloud import ReadingAloud
from chat.wechat.replies import cut
from desk.knowledge import KnowledgeTools
from hotline.city import City
from hotline.domain.appeal import ContactChannel
from hotline.domain.knowledge import Article
from hotline.service.letter_talks import links_in_words
from hotline.store.database import Database
from hotline.store.knowledge_lists import SqlKnowledgeLists
from tts.reading import Reading


def knowledge_tools(
    city: City,
    knowledge: KnowledgeParts,
    database: Database,
    voice: ReadingAloud | None,
    *,
    site: str = "",
) -> KnowledgeTools:
    """Return the tools: articles are worded as ``hotline.dialogue.session`` and ``hotline.service.letter_talks`` word them."""
    by_telephone = load_prompts(city, ContactChannel.PHONE)
    in_writing = load_prompts(city, ContactChannel.WECHAT)
    letters = load_letter_prompts(city)
    rows, file = lexicon(city, "pronunciation")

    def spoken(article: Article) -> str:
        return by_telephone.text("answer_lead") + article.spoken + by_telephone.text("anything_more")

    def written(article: Article) -> Sequence[str]:
        answer = in_writing.text("answer_written", title=article.title, answer=article.full)
        links = links_in_words(letters, article.id, article.attachments, site=site)
        return (*cut(answer + in_writing.text("anything_more")), *((links,) if links else ()))

    return KnowledgeTools(
        store=knowledge.store,
        lists=SqlKnowledgeLists(database),
        use=knowledge.use,
        editing=knowledge.editing,
        checks=knowledge.checks,
        golden=knowledge.golden,
        tasks=knowledge.tasks,
        drafting=knowledge.drafting,
        comparing=knowledge.finder,
        spoken=spoken,
        written=written,
        aloud=Reading(rows, file=str(file)).aloud,
        files=knowledge.files,
        sound=voice.wav if voice is not None else None,
    )
