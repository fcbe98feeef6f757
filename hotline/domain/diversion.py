"""Diversion (分流): a matter that is registered like every other, but goes another way than to a handling unit.

Full acceptance (全量受理) means that this is an outcome with a reason, never a record that was not made
(北京市接诉即办工作条例第11条第3款; 潍坊条例第19条; 济南条例第25条).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hotline.domain.errors import DeedRefusedError


class DiversionOutcome(StrEnum):
    """Where a matter is diverted to (分流结论)."""

    EMERGENCY_LINE = "emergency_line"  # 转紧急专线
    STATUTORY_CHANNEL = "statutory_channel"  # 告知法定途径
    REPEAT_MERGED = "repeat_merged"  # 重复并单
    SECRET = "secret"  # noqa: S105 -- 涉密解释
    OUTSIDE_DUTY = "outside_duty"  # 职责外告知
    PERSUASION = "persuasion"  # 劝导教育
    OTHER_CITY = "other_city"  # 非本市
    MALICIOUS = "malicious"  # 恶意


class UnreasonableGround(StrEnum):
    """The eight kinds of unreasonable orders (八类不合理工单, 临沂 2024-04)."""

    OUTSIDE_CITY = "outside_city"  # ①超出临沂管辖
    LEGAL_PROCEDURE = "legal_procedure"  # ②须经或已进入诉讼、仲裁、纪检监察、行政复议、信息公开、信访
    AGAINST_LAW = "against_law"  # ③不符合法律法规规章政策
    SECRETS_OR_MORALS = "secrets_or_morals"  # ④涉国家秘密、商业秘密、个人隐私，违反公序良俗
    NOT_TRUE = "not_true"  # ⑤查证不属实
    BEYOND_REASON = "beyond_reason"  # ⑥不合理或明显超出合理范围
    FOUND_BY_HEARING = "found_by_hearing"  # ⑦经听证认定不合理
    FALSE_REPORT = "false_report"  # ⑧不实举报、恶意占用公共资源

    @property
    def needs_evidence(self) -> bool:
        """Whether only a person with evidence can establish it (⑤—⑧)."""
        return self in (
            UnreasonableGround.NOT_TRUE,
            UnreasonableGround.BEYOND_REASON,
            UnreasonableGround.FOUND_BY_HEARING,
            UnreasonableGround.FALSE_REPORT,
        )


class ContactOutcome(StrEnum):
    """How a contact ended that left no order of its own (未形成派办工单的来电来件)."""

    ANSWERED = "answered"  # 当场答复
    WITHDRAWN = "withdrawn"  # 撤回
    ABANDONED = "abandoned"  # 中途挂断
    NUISANCE = "nuisance"  # 骚扰
    TO_AGENT = "to_agent"  # 转人工
    EMERGENCY = "emergency"  # 转紧急专线
    SECRET = "secret"  # noqa: S105 -- 疑似涉密，只留索引


@dataclass(frozen=True, slots=True)
class Diversion:
    """Where to, why, and what the citizen was told."""

    outcome: DiversionOutcome
    reason: str
    told: str

    def __post_init__(self) -> None:
        """Refuse one without reason or without telling the citizen."""
        if not self.reason.strip() or not self.told.strip():
            raise DeedRefusedError(missing="分流理由和告知话术")
