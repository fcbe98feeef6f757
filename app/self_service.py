"""Puts self-service together: what citizens do with their own orders by pages and apps."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from app.at_rest import seal_of
from app.citizen_interface import CitizenInterface, ProofTokens
from app.citizen_models import Names
from app.faults import Faults
from app.host_tokens import HostTokens, TokenRefusedError
from app.settings import Settings
from app.token_bucket import TokenBuckets
from app.wiring import World, local_clock
from desk.views import unit_name
from hotline.city import City, read_yaml
from hotline.dialogue.prompts import Prompts
from hotline.domain.errors import HotlineError
from hotline.domain.proofs import Proof
from hotline.service.chat_news import ChatNews
from hotline.service.confidential import Confidential
from hotline.service.letter_commands import load_letter_commands
from hotline.service.letter_orders import LetterOrders
from hotline.service.letter_views import LetterViews, OrderNames
from hotline.service.progress import Progress
from hotline.service.self_service import CodeWords, SelfService
from hotline.service.self_service_rules import SelfServiceRules, load_self_service_rules
from hotline.store.letters import SqlLetters
from hotline.store.progress import SqlProgress
from hotline.store.proof_codes import SqlProofCodes
from hotline.store.relay import SqlRelayStore

_HOST_TOKEN_LASTS: Final = timedelta(minutes=1)
"""A host's token is looked at with every request: what it proves lasts as long as one."""


def code_words(template: str) -> CodeWords:
    """Return the words of the message that brings a code, and how codes are drawn."""

    def text(code: str, number: str, minutes: int) -> str:
        return template.format(code=code, number=number, minutes=minutes)

    def new_code(digits: int) -> str:
        return f"{secrets.randbelow(10**digits):0{digits}}"

    return CodeWords(text, new_code, lambda: secrets.token_hex(12))


def open_self_service(
    settings: Settings, city: City, world: World, words: Mapping[str, Any], rules: SelfServiceRules
) -> SelfService:
    """Return what citizens do themselves. Codes are sent where there is a gateway for SMS."""
    seal = seal_of(settings)
    return SelfService(
        world.store,
        world.casework,
        SqlProofCodes(world.store.database, seal),
        Confidential(world.store, SqlRelayStore(world.store.database, seal)),
        rules=rules,
        words=code_words(words["code_message"]) if settings.sms_url and settings.sms_secret else None,
        unit_name=lambda code: unit_name(city, code) or code,
    )


def open_letter_orders(
    settings: Settings, city: City, world: World, letters: SqlLetters, prompts: Prompts
) -> LetterOrders:
    """Return what citizens do with their own orders by letter."""
    words = read_yaml(city.folder / "prompts" / "web.yaml")
    faults = Faults(read_yaml(city.folder / "prompts" / "interface.yaml"), words)

    def worded(error: HotlineError) -> str:
        return str(faults.body(error)["text"])

    rules = load_self_service_rules(city)
    service = open_self_service(settings, city, world, words, rules)
    progress = Progress(service, SqlProgress(world.store.database))
    views = LetterViews(service, progress, prompts, order_names(city, words))
    return LetterOrders(service, letters, load_letter_commands(city), prompts, worded, rules.proof, views)


def order_names(city: City, words: Mapping[str, Any]) -> OrderNames:
    """Return the names by which citizens are told of their orders in letters; ``words`` is ``prompts/web.yaml``."""

    def category(code: str) -> str:
        found = city.categories.get(code)
        return found.name if found is not None else ""

    return OrderNames(
        words["statuses"],
        words["steps"],
        words["kinds"],
        category,
        lambda code: unit_name(city, code) or code,
        city.timezone,
    )


def open_citizens(  # noqa: PLR0917 -- put together in one place only
    settings: Settings,
    city: City,
    world: World,
    words: Mapping[str, Any],
    tokens: HostTokens | None,
    news: ChatNews | None,
) -> CitizenInterface:
    """Return the interface for citizens; ``news`` is told where they want to be told."""
    rules, clock = load_self_service_rules(city), local_clock(city)

    async def identify(token: str) -> Proof | None:
        if tokens is None:
            raise TokenRefusedError("no app is set to be believed")
        citizen = await tokens.citizen(token)
        return Proof(citizen.phone, clock() + _HOST_TOKEN_LASTS, "app") if citizen.phone else None

    service = open_self_service(settings, city, world, words, rules)
    return CitizenInterface(
        service,
        ProofTokens(seal_of(settings)),
        Names(words, city.categories, lambda code: unit_name(city, code) or code),
        TokenBuckets(world.redis),
        clock,
        code_minutes=round(rules.proof.lasts.total_seconds() / 60),
        identify=identify,
        progress=Progress(service, SqlProgress(world.store.database)),
        news=news,
    )
