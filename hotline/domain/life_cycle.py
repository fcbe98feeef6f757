"""The life of a work order (工单): its states, the steps between them, and who may take which.

The table follows the minimal set of states that Shandong's rules and Tai'an's published interface share
(登记→派单→签收→办理→反馈→审核→回访→结案, with 退回, 延期, 挂账, 终止, 督办), as ``docs/work_order.md`` draws it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from hotline.domain.people import Role


class Status(StrEnum):
    """State of a work order (工单状态)."""

    REGISTERED = "registered"  # 已登记
    NEEDS_SUPPLEMENT = "needs_supplement"  # 待补充
    ANSWERED = "answered"  # 当场答复（办结）
    DIVERTED = "diverted"  # 已分流（转专线、告知法定途径 …）
    DECLINED = "declined"  # 不予办理（不合理工单）
    WITHDRAWN = "withdrawn"  # 已撤单
    TO_DISPATCH = "to_dispatch"  # 待派单（人工）
    TO_SIGN = "to_sign"  # 待签收
    HANDLING = "handling"  # 办理中
    RETURN_ASKED = "return_asked"  # 申请退回
    SUSPENDED = "suspended"  # 挂账待办
    END_ASKED = "end_asked"  # 申请终止
    ENDED = "ended"  # 已终止
    REPLIED = "replied"  # 已反馈，待审核
    TO_REVISIT = "to_revisit"  # 待回访
    SUPERVISED = "supervised"  # 督办中
    CONCLUDED = "concluded"  # 已结案
    ARCHIVED = "archived"  # 已归档


CLOSED: Final = frozenset(
    {
        Status.ANSWERED, Status.DIVERTED, Status.DECLINED, Status.WITHDRAWN, Status.ENDED, Status.CONCLUDED,
        Status.ARCHIVED,
    }
)  # fmt: skip
"""States in which nobody owes the citizen anything any more, unless the order is opened again."""

WITH_UNIT: Final = frozenset(
    {Status.TO_SIGN, Status.HANDLING, Status.RETURN_ASKED, Status.END_ASKED, Status.SUPERVISED}
)
"""States in which the handling limit runs against the lead unit (a dispute does not stop it; 是否暂停待核)."""


class Step(StrEnum):
    """What may be done to a work order (工单操作)."""

    ANSWER = "answer"  # 当场答复
    DIVERT = "divert"  # 分流
    DECLINE = "decline"  # 认定不合理、不予办理
    WITHDRAW = "withdraw"  # 撤单
    ASK_SUPPLEMENT = "ask_supplement"  # 请诉求人补充
    SUPPLEMENT = "supplement"  # 已补充
    QUEUE_FOR_DISPATCH = "queue_for_dispatch"  # 转人工派单
    DISPATCH = "dispatch"  # 派单
    SIGN_FOR = "sign_for"  # 签收
    SEND_BACK = "send_back"  # 申请退回
    REJECT_RETURN = "reject_return"  # 驳回退回
    ACCEPT_RETURN = "accept_return"  # 同意退回
    DESIGNATE = "designate"  # 指定
    ADD_UNITS = "add_units"  # 加派协办
    CO_REPLY = "co_reply"  # 协办反馈
    ASK_EXTENSION = "ask_extension"  # 申请延期
    GRANT_EXTENSION = "grant_extension"  # 批准延期
    REFUSE_EXTENSION = "refuse_extension"  # 不批准延期
    GIVE_NOTICE = "give_notice"  # 先行告知进度
    SUSPEND = "suspend"  # 挂账
    RESUME = "resume"  # 恢复办理
    ASK_END = "ask_end"  # 申请终止
    APPROVE_END = "approve_end"  # 同意终止
    REJECT_END = "reject_end"  # 不同意终止
    REPLY = "reply"  # 反馈
    PASS_REVIEW = "pass_review"  # noqa: S105 -- 审核通过
    REDO = "redo"  # 重办
    REVISIT = "revisit"  # 回访
    CONCLUDE = "conclude"  # 结案
    REMIND = "remind"  # 提醒（黄牌、红牌 …）
    PROPOSE_TIER = "propose_tier"  # 建议升级督办
    REJECT_TIER = "reject_tier"  # 不予升级督办
    SUPERVISE = "supervise"  # 督办
    CONFER = "confer"  # 会商（退回争议、联席会议）
    URGE = "urge"  # 催办
    ADD_FACTS = "add_facts"  # 补充情况
    COMPLETE = "complete"  # 补全（话务员把机器记下的补完整）
    JOIN = "join"  # 并入（又一诉求人）
    OBJECT = "object"  # 异议
    REJECT_OBJECTION = "reject_objection"  # 维持原结论（异议不成立）
    SPLIT = "split"  # 拆单
    ASK_HEARING = "ask_hearing"  # 申请不合理认定（听证）
    GIVE_OPINION = "give_opinion"  # 听证陈述
    REJECT_HEARING = "reject_hearing"  # 不予认定
    EXCLUDE = "exclude"  # 不计考核
    CONTEST = "contest"  # 考核异议
    REJECT_CONTEST = "reject_contest"  # 维持计入考核（考核异议不成立）
    DISCLOSE = "disclose"  # 公开
    WITHHOLD = "withhold"  # 不公开
    REOPEN = "reopen"  # 重新办理
    ARCHIVE = "archive"  # 归档


TRANSITIONS: Final[dict[tuple[Status, Step], Status]] = {
    (Status.REGISTERED, Step.ANSWER): Status.ANSWERED,
    (Status.REGISTERED, Step.DIVERT): Status.DIVERTED,
    (Status.REGISTERED, Step.WITHDRAW): Status.WITHDRAWN,
    (Status.REGISTERED, Step.ASK_SUPPLEMENT): Status.NEEDS_SUPPLEMENT,
    (Status.REGISTERED, Step.QUEUE_FOR_DISPATCH): Status.TO_DISPATCH,
    (Status.REGISTERED, Step.DISPATCH): Status.TO_SIGN,
    (Status.NEEDS_SUPPLEMENT, Step.SUPPLEMENT): Status.TO_DISPATCH,
    (Status.NEEDS_SUPPLEMENT, Step.DISPATCH): Status.TO_SIGN,
    (Status.NEEDS_SUPPLEMENT, Step.DIVERT): Status.DIVERTED,
    (Status.NEEDS_SUPPLEMENT, Step.WITHDRAW): Status.WITHDRAWN,
    (Status.NEEDS_SUPPLEMENT, Step.CONCLUDE): Status.CONCLUDED,
    (Status.TO_DISPATCH, Step.DISPATCH): Status.TO_SIGN,
    (Status.TO_DISPATCH, Step.DESIGNATE): Status.HANDLING,
    (Status.TO_DISPATCH, Step.ASK_SUPPLEMENT): Status.NEEDS_SUPPLEMENT,
    (Status.TO_DISPATCH, Step.ANSWER): Status.ANSWERED,
    (Status.TO_DISPATCH, Step.DIVERT): Status.DIVERTED,
    (Status.TO_DISPATCH, Step.DECLINE): Status.DECLINED,
    (Status.TO_DISPATCH, Step.WITHDRAW): Status.WITHDRAWN,
    (Status.TO_SIGN, Step.SIGN_FOR): Status.HANDLING,
    (Status.TO_SIGN, Step.SEND_BACK): Status.RETURN_ASKED,
    (Status.TO_SIGN, Step.DESIGNATE): Status.HANDLING,
    (Status.TO_SIGN, Step.WITHDRAW): Status.WITHDRAWN,
    (Status.HANDLING, Step.SEND_BACK): Status.RETURN_ASKED,
    (Status.HANDLING, Step.DESIGNATE): Status.HANDLING,
    (Status.RETURN_ASKED, Step.ACCEPT_RETURN): Status.TO_DISPATCH,
    (Status.RETURN_ASKED, Step.REJECT_RETURN): Status.HANDLING,
    (Status.RETURN_ASKED, Step.DESIGNATE): Status.HANDLING,
    (Status.RETURN_ASKED, Step.DECLINE): Status.DECLINED,
    (Status.RETURN_ASKED, Step.WITHDRAW): Status.WITHDRAWN,
    (Status.TO_SIGN, Step.DECLINE): Status.DECLINED,
    (Status.HANDLING, Step.DECLINE): Status.DECLINED,
    (Status.SUSPENDED, Step.DECLINE): Status.DECLINED,
    (Status.SUPERVISED, Step.DECLINE): Status.DECLINED,
    (Status.TO_SIGN, Step.DIVERT): Status.DIVERTED,
    (Status.HANDLING, Step.DIVERT): Status.DIVERTED,
    (Status.RETURN_ASKED, Step.DIVERT): Status.DIVERTED,
    (Status.HANDLING, Step.SUSPEND): Status.SUSPENDED,
    (Status.HANDLING, Step.ASK_END): Status.END_ASKED,
    (Status.HANDLING, Step.REPLY): Status.REPLIED,
    (Status.HANDLING, Step.SUPERVISE): Status.SUPERVISED,
    (Status.HANDLING, Step.WITHDRAW): Status.WITHDRAWN,
    (Status.SUSPENDED, Step.RESUME): Status.HANDLING,
    (Status.SUSPENDED, Step.DESIGNATE): Status.HANDLING,
    (Status.SUSPENDED, Step.WITHDRAW): Status.WITHDRAWN,
    (Status.END_ASKED, Step.APPROVE_END): Status.ENDED,
    (Status.END_ASKED, Step.REJECT_END): Status.HANDLING,
    (Status.END_ASKED, Step.DECLINE): Status.DECLINED,
    (Status.END_ASKED, Step.WITHDRAW): Status.WITHDRAWN,
    (Status.REPLIED, Step.PASS_REVIEW): Status.TO_REVISIT,
    (Status.REPLIED, Step.REDO): Status.HANDLING,
    (Status.TO_REVISIT, Step.CONCLUDE): Status.CONCLUDED,
    (Status.TO_REVISIT, Step.REDO): Status.HANDLING,
    (Status.TO_REVISIT, Step.SUPERVISE): Status.SUPERVISED,
    (Status.TO_SIGN, Step.SUPERVISE): Status.SUPERVISED,
    (Status.SUPERVISED, Step.SUPERVISE): Status.SUPERVISED,
    (Status.SUPERVISED, Step.RESUME): Status.HANDLING,
    (Status.SUPERVISED, Step.DESIGNATE): Status.HANDLING,
    (Status.SUPERVISED, Step.REPLY): Status.REPLIED,
    (Status.SUPERVISED, Step.CONCLUDE): Status.CONCLUDED,
    (Status.CONCLUDED, Step.ARCHIVE): Status.ARCHIVED,
    (Status.CONCLUDED, Step.REOPEN): Status.TO_DISPATCH,
    (Status.ENDED, Step.ARCHIVE): Status.ARCHIVED,
    (Status.ENDED, Step.REOPEN): Status.TO_DISPATCH,
    (Status.ANSWERED, Step.ARCHIVE): Status.ARCHIVED,
    (Status.ANSWERED, Step.REOPEN): Status.TO_DISPATCH,
    (Status.DIVERTED, Step.ARCHIVE): Status.ARCHIVED,
    (Status.DIVERTED, Step.REOPEN): Status.TO_DISPATCH,
    (Status.DECLINED, Step.ARCHIVE): Status.ARCHIVED,
    (Status.DECLINED, Step.REOPEN): Status.TO_DISPATCH,
    (Status.WITHDRAWN, Step.ARCHIVE): Status.ARCHIVED,
    (Status.WITHDRAWN, Step.REOPEN): Status.TO_DISPATCH,
}

_OPEN: Final = frozenset(Status) - CLOSED
_ALL_BUT_ARCHIVED: Final = frozenset(Status) - {Status.ARCHIVED}
_BEFORE_REPLY: Final = frozenset(
    {
        Status.TO_DISPATCH, Status.TO_SIGN, Status.HANDLING, Status.RETURN_ASKED, Status.SUSPENDED, Status.END_ASKED,
        Status.SUPERVISED,
    }
)  # fmt: skip
_OBJECTED_TO: Final = frozenset(
    {Status.CONCLUDED, Status.ENDED, Status.DECLINED, Status.DIVERTED, Status.ANSWERED}
)
_CONTESTED: Final = CLOSED - {Status.ARCHIVED, Status.DECLINED}

KEEPING: Final[dict[Step, frozenset[Status]]] = {
    Step.ADD_UNITS: frozenset({Status.TO_SIGN, Status.HANDLING, Status.SUPERVISED}),
    Step.CO_REPLY: frozenset({Status.TO_SIGN, Status.HANDLING, Status.SUPERVISED, Status.SUSPENDED}),
    Step.ASK_EXTENSION: frozenset({Status.HANDLING}),
    Step.GRANT_EXTENSION: frozenset({Status.HANDLING, Status.SUPERVISED}),
    Step.REFUSE_EXTENSION: frozenset({Status.HANDLING, Status.SUPERVISED}),
    Step.GIVE_NOTICE: frozenset({Status.HANDLING, Status.SUPERVISED, Status.SUSPENDED}),
    Step.REVISIT: frozenset({Status.TO_REVISIT}),
    Step.REMIND: _OPEN,
    Step.PROPOSE_TIER: _OPEN,
    Step.REJECT_TIER: _OPEN,
    Step.CONFER: _OPEN,
    Step.URGE: _OPEN,
    Step.ADD_FACTS: _OPEN,
    Step.COMPLETE: frozenset({Status.TO_DISPATCH, Status.NEEDS_SUPPLEMENT}),
    Step.JOIN: _OPEN,
    Step.SPLIT: (_BEFORE_REPLY | {Status.NEEDS_SUPPLEMENT}) - {Status.END_ASKED, Status.SUSPENDED},
    Step.ASK_HEARING: _BEFORE_REPLY,
    Step.GIVE_OPINION: _OPEN,
    Step.REJECT_HEARING: _OPEN,
    Step.OBJECT: _OBJECTED_TO,
    Step.REJECT_OBJECTION: _OBJECTED_TO,
    Step.EXCLUDE: _ALL_BUT_ARCHIVED,
    Step.CONTEST: _CONTESTED,
    Step.REJECT_CONTEST: _CONTESTED,
    Step.DISCLOSE: frozenset({Status.CONCLUDED}),
    Step.WITHHOLD: frozenset({Status.CONCLUDED}),
}
"""Steps that leave the state as it is, and the states in which they are allowed."""

_STAFF: Final = frozenset({Role.AGENT, Role.REVIEWER})
_REVIEWERS: Final = frozenset({Role.REVIEWER})
_UNITS: Final = frozenset({Role.UNIT})
_CITIZENS: Final = frozenset({Role.CITIZEN, Role.AGENT})
_MACHINE: Final = frozenset({Role.MACHINE})

WHO: Final[dict[Step, frozenset[Role]]] = {
    Step.ANSWER: _MACHINE | _STAFF,
    Step.DIVERT: _MACHINE | _STAFF,
    Step.DECLINE: _STAFF,
    Step.WITHDRAW: _MACHINE | _CITIZENS,
    Step.ASK_SUPPLEMENT: _MACHINE | _STAFF,
    Step.SUPPLEMENT: _MACHINE | _CITIZENS | _STAFF,
    Step.QUEUE_FOR_DISPATCH: _MACHINE | _STAFF,
    Step.DISPATCH: _MACHINE | _STAFF,
    Step.SIGN_FOR: _UNITS,
    Step.SEND_BACK: _UNITS,
    Step.REJECT_RETURN: _REVIEWERS,
    Step.ACCEPT_RETURN: _REVIEWERS,
    Step.DESIGNATE: _REVIEWERS,
    Step.ADD_UNITS: _STAFF | _UNITS,
    Step.CO_REPLY: _UNITS,
    Step.ASK_EXTENSION: _UNITS,
    Step.GRANT_EXTENSION: _REVIEWERS,
    Step.REFUSE_EXTENSION: _REVIEWERS,
    Step.GIVE_NOTICE: _UNITS | _STAFF,
    Step.SUSPEND: _REVIEWERS | _UNITS,
    Step.RESUME: _MACHINE | _REVIEWERS | _UNITS | {Role.SUPERVISOR},
    Step.ASK_END: _UNITS,
    Step.APPROVE_END: _REVIEWERS,
    Step.REJECT_END: _REVIEWERS,
    Step.REPLY: _UNITS,
    Step.PASS_REVIEW: _REVIEWERS,
    Step.REDO: _MACHINE | _STAFF,
    Step.REVISIT: _MACHINE | _STAFF | _CITIZENS,
    Step.CONCLUDE: _STAFF,
    Step.REMIND: _MACHINE | {Role.SUPERVISOR},
    Step.PROPOSE_TIER: _MACHINE | {Role.SUPERVISOR},
    Step.REJECT_TIER: frozenset({Role.SUPERVISOR}),
    Step.SUPERVISE: _MACHINE | {Role.SUPERVISOR},
    Step.CONFER: _STAFF | {Role.SUPERVISOR, Role.DUTY_OFFICER},
    Step.URGE: _CITIZENS,
    Step.ADD_FACTS: _MACHINE | _CITIZENS | _STAFF,
    Step.COMPLETE: _STAFF,
    Step.JOIN: _MACHINE | _CITIZENS | _STAFF,
    Step.SPLIT: _REVIEWERS,
    Step.ASK_HEARING: _UNITS | _STAFF,
    Step.GIVE_OPINION: _UNITS | _STAFF | {Role.CITIZEN},
    Step.REJECT_HEARING: _REVIEWERS,
    Step.OBJECT: _CITIZENS,
    Step.REJECT_OBJECTION: _REVIEWERS,
    Step.EXCLUDE: _REVIEWERS | {Role.SUPERVISOR},
    Step.CONTEST: _UNITS,
    Step.REJECT_CONTEST: frozenset({Role.SUPERVISOR}),
    Step.DISCLOSE: _REVIEWERS | {Role.EDITOR},
    Step.WITHHOLD: _REVIEWERS | {Role.EDITOR},
    Step.REOPEN: _REVIEWERS,
    Step.ARCHIVE: _MACHINE | _REVIEWERS,
}
"""Who may take a step. The machine never declines, ends, concludes or discloses (regulations: rule 50)."""


def after_step(status: Status, step: Step) -> Status | None:
    """Return the state that ``step`` leads to from ``status``, or None where the table does not allow it."""
    if status in KEEPING.get(step, ()):
        return status
    return TRANSITIONS.get((status, step))
