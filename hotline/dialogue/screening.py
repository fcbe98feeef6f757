"""What is looked for in a text before anything is done with it, where no dialogue is held: an emergency, a state secret."""

from __future__ import annotations

from dataclasses import dataclass

from hotline.dialogue.diversions import DiversionWords
from hotline.dialogue.safety_words import SafetyWords
from hotline.domain.appeal import EmergencyService


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found; an emergency goes before a secret (regulations: rules 3 and 41)."""

    emergency: EmergencyService | None = None
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Screening:
    """Looks through texts that were written."""

    safety: SafetyWords
    diversions: DiversionWords

    def of(self, text: str) -> Finding:
        """Return what is certain: nobody can be asked."""
        service = self.safety.certain_in(text)
        return Finding(service, service is None and self.diversions.may_be_state_secret(text))
