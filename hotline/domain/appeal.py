"""The appeal (诉求): what a citizen brings to the hotline, before and after it is understood."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class AppealKind(StrEnum):
    """Kind of appeal (诉求类型), after 《临沂市12345政务服务便民热线条例》第2条 and peers' field lists."""

    INQUIRY = "inquiry"  # 咨询
    HELP = "help"  # 求助
    COMPLAINT = "complaint"  # 投诉
    TIP_OFF = "tip_off"  # 举报
    SUGGESTION = "suggestion"  # 建议
    PRAISE = "praise"  # 表扬
    WITHDRAWAL = "withdrawal"  # 撤单
    NUISANCE = "nuisance"  # 骚扰
    INVALID = "invalid"  # 无效（未说明事项）


class Urgency(StrEnum):
    """Degree of urgency (紧急程度): it decides the limit for signing."""

    LIFE_SAFETY = "life_safety"  # 危及生命财产
    UTILITIES = "utilities"  # 水电气热
    ORDINARY = "ordinary"  # 一般


class Secrecy(StrEnum):
    """Whether the citizen's identity is kept from the handling unit (保密)."""

    NONE = "none"
    CONFIDENTIAL = "confidential"


class EmergencyService(StrEnum):
    """Emergency lines that an emergency is handed to at once."""

    POLICE = "110"
    FIRE = "119"
    AMBULANCE = "120"
    TRAFFIC = "122"


class ContactChannel(StrEnum):
    """How the citizen reached the hotline (受理渠道)."""

    PHONE = "phone"
    WEB_CHAT = "web_chat"
    WECHAT = "wechat"
    APP = "app"
    MINI_PROGRAMME = "mini_programme"
    SMS = "sms"
    EMAIL = "email"
    PROVINCE = "province"  # 省平台转办


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A telephone number; printing it shows it masked, ``digits`` is the real one."""

    digits: str = field(repr=False)

    def __str__(self) -> str:
        """Return the masked number (138****1234); short numbers are masked whole."""
        if len(self.digits) < 7:
            return "*" * len(self.digits)
        return f"{self.digits[:3]}****{self.digits[-4:]}"

    def __repr__(self) -> str:
        """Mask in debug output too."""
        return f"PhoneNumber({self!s})"


@dataclass(frozen=True, slots=True)
class Address:
    """What is below the street in an address (详细地址), numbers in digits; empty where nothing was said.

    ``number`` is of the house on ``road``; ``crossing`` the other road of a crossing; ``relative`` a place told by
    another one (老供销社对面), as text.
    """

    road: str = ""
    crossing: str = ""
    number: str = ""
    community: str = ""
    village: str = ""
    building: str = ""
    unit: str = ""
    room: str = ""
    relative: str = ""


class Datum(StrEnum):
    """What coordinates refer to: GPS, or the shifted grid that Chinese maps have to use (GB 20263-2006)."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"


@dataclass(frozen=True, slots=True)
class Position:
    """A point on the map, in degrees."""

    latitude: float
    longitude: float
    datum: Datum


@dataclass(frozen=True, slots=True)
class Place:
    """Where it happened (事发地). ``said`` keeps the citizen's words; the rest is what was recognised in them.

    ``county_code`` and ``street_code`` are national administrative codes (6 and 9 digits); ``detail`` is what
    follows the street (road, community, building, landmark) as text, ``address`` the same in parts. A
    ``county_code`` may be that of a development zone (功能区). ``position`` is where a citizen's telephone or photo says.
    """

    said: str
    county_code: str | None = None
    county: str | None = None
    street_code: str | None = None
    street: str | None = None
    detail: str = ""
    address: Address | None = None
    position: Position | None = None

    @property
    def text(self) -> str:
        """The standard form: county, street, detail, without repetition; the citizen's words if nothing is known."""
        return "".join(part for part in (self.county, self.street, self.detail) if part) or self.said

    @property
    def is_located(self) -> bool:
        """True when at least the county is known, so that the appeal can be routed."""
        return self.county_code is not None


class Granularity(StrEnum):
    """How exactly a time was told."""

    MINUTE = "minute"
    HOUR = "hour"
    PART_OF_DAY = "part_of_day"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Interval:
    """When it happened (发生时间): what was ``said`` and the time from ``start`` to ``end`` that it means.

    Both are aware, ``start`` ≤ ``end``, and neither is after the moment of speaking. Of what happens again and
    again (``is_recurring``: 每天夜里) it is the last time.
    """

    said: str
    start: datetime
    end: datetime
    granularity: Granularity
    is_recurring: bool = False


class FactKind(StrEnum):
    """What a fact of the matter is (要素)."""

    AMOUNT = "amount"  # 金额, in yuan
    ORGANISATION = "organisation"  # 涉及单位
    PERSON = "person"  # 涉及人员
    PLATE = "plate"  # 车牌


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of the matter: as it was ``said``, and in standard form (``value``).

    ``about`` is a unit's code for an organisation that is one, the role for a person (包工头).
    """

    kind: FactKind
    said: str
    value: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Appeal:
    """An appeal (诉求) as it is routed and recorded.

    ``category`` is a code of ``config/<city>/categories``, of the second or third level; ``None`` when nobody could tell (人工分类).
    ``text`` is the citizen's account in their words (all turns that belong to the matter, joined);
    ``summary`` a short title for lists; ``interval`` what ``occurred`` means. ``imposed_due`` is the due time that the province's platform set (省定时限).
    """

    kind: AppealKind
    category: str | None
    text: str
    summary: str = ""
    place: Place | None = None
    occurred: str = ""
    interval: Interval | None = None
    phone: PhoneNumber | None = None
    citizen_name: str = ""
    secrecy: Secrecy = Secrecy.NONE
    urgency: Urgency = Urgency.ORDINARY
    emergency: EmergencyService | None = None
    channel: ContactChannel = ContactChannel.PHONE
    is_confirmed: bool = True
    category_confidence: float = 0.0
    understood_by: str = ""
    is_about_minor: bool = False
    imposed_due: datetime | None = None
    facts: tuple[Fact, ...] = ()

    @property
    def may_be_disclosed(self) -> bool:
        """Whether media and the public may ever see it: never confidential, a tip-off, or about a minor (rule 36)."""
        is_open = self.secrecy is Secrecy.NONE and self.kind is not AppealKind.TIP_OFF
        return is_open and not self.is_about_minor
