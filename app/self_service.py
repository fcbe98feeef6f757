"""Puts self-service together: what citizens do with their own orders by pages and apps."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from app.citizen_interface import CitizenInterface, ProofTokens
from app.citizen_models import Names
from app.host_tokens import HostTokens, TokenRefusedError
from app.settings import Settings, secret_file
from app.token_bucket import TokenBuckets
from app.wiring import World, local_clock
from desk.views import unit_name
from hotline.city import City
from hotline.domain.proofs import Proof
from hotline.service.confidential import Confidential
from hotline.service.self_service import CodeWords, SelfService
from hotline.service.self_service_rules import load_self_service_rules
from hotline.store.proof_codes import SqlProofCodes
from hotline.store.relay import SqlRelayStore
from hotline.store.sealing import Seal

_HOST_TOKEN_LASTS: Final = timedelta(minutes=1)
"""A host's token is looked at with every request: what it proves lasts as long as one."""


def code_words(template: str) -> CodeWords:
    """Return the words of the message that brings a code, and how codes are drawn."""

    def text(code: str, number: str, minutes: int) -> str:
        return template.format(code=code, number=number, minutes=minutes)

    def new_code(digits: int) -> str:
        return f"{secrets.randbelow(10**digits):0{digits}}"

    return CodeWords(text, new_code, lambda: secrets.token_hex(12))


def open_citizens(
    settings: Settings, city: City, world: World, words: Mapping[str, Any], tokens: HostTokens | None
) -> CitizenInterface:
    """Return the interface for citizens. Codes are sent where there is a gateway for SMS."""
    seal = Seal(secret_file(settings.data_dir / "at_rest.key"))
    rules = load_self_service_rules(city)
    name: Callable[[str], str] = lambda code: unit_name(city, code) or code  # noqa: E731 -- used twice below
    clock = local_clock(city)
    service = SelfService(
        world.store,
        world.casework,
        SqlProofCodes(world.store.database, seal),
        Confidential(world.store, SqlRelayStore(world.store.database, seal)),
        rules=rules,
        words=code_words(words["code_message"]) if settings.sms_url and settings.sms_secret else None,
        unit_name=name,
    )

    async def identify(token: str) -> Proof | None:
        if tokens is None:
            raise TokenRefusedError("no app is set to be believed")
        citizen = await tokens.citizen(token)
        return Proof(citizen.phone, clock() + _HOST_TOKEN_LASTS, "app") if citizen.phone else None

    return CitizenInterface(
        service,
        ProofTokens(seal),
        Names(words, city.categories, name),
        TokenBuckets(world.redis),
        clock,
        code_minutes=round(rules.proof.lasts.total_seconds() / 60),
        identify=identify,
    )
