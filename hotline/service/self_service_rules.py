"""A city's rules for what citizens do themselves (``self_service.yaml``)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from hotline.city import City, read_yaml
from hotline.domain.errors import CityConfigError
from hotline.domain.proofs import ProofRules


@dataclass(frozen=True, slots=True)
class SelfServiceRules:
    """How one proves oneself, how soon an order may be urged again, and how it is noted that one of several wants no more."""

    proof: ProofRules = field(default_factory=ProofRules)
    urge_again: timedelta = timedelta(hours=24)
    leaving: str = "{number}: {reason}"


def load_self_service_rules(city: City) -> SelfServiceRules:
    """Read ``self_service.yaml``; ``CityConfigError`` says what is wrong with it."""
    file = city.folder / "self_service.yaml"
    rows = read_yaml(file)
    try:
        code = {name: int(rows["code"][name]) for name in ("digits", "minutes", "tries", "per_hour", "per_day", "tries_per_day")}  # fmt: skip
        hours, minutes = float(rows["urge_again_hours"]), float(rows["proved_for_minutes"])
        leaving = str(rows["leaving"])
        leaving.format(number="", reason="")
    except (LookupError, TypeError, ValueError) as error:
        raise CityConfigError(file=str(file), reason=f"缺少内容或写法不对：{error!r}") from error
    if min(code.values()) < 1 or code["digits"] < 4 or hours < 0 or minutes <= 0:
        raise CityConfigError(file=str(file), reason="各项应为正数，验证码至少四位")
    proof = ProofRules(
        digits=code["digits"],
        lasts=timedelta(minutes=code["minutes"]),
        tries=code["tries"],
        per_hour=code["per_hour"],
        per_day=code["per_day"],
        tries_per_day=code["tries_per_day"],
        proved_for=timedelta(minutes=minutes),
    )
    return SelfServiceRules(proof, timedelta(hours=hours), leaving)
