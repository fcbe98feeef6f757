"""What is done to a work order, and what it must say: one class for each step (工单操作及其要件).

A deed is plain data and checks its own form: what the rules make compulsory may not be left out
(``DeedRefusedError``). Whether it is allowed now, and for this person, is the order's business
(``WorkOrder.after``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Literal

from pydantic import Discriminator

from hotline.domain.appeal import Appeal, PhoneNumber, Place, Secrecy
from hotline.domain.diversion import Diversion, UnreasonableGround
from hotline.domain.errors import DeedRefusedError
from hotline.domain.life_cycle import Step
from hotline.domain.routing import RoutingDecision
from hotline.domain.time_limits import SetLimit


class ContactExemption(StrEnum):
    """Why a unit need not have contacted the citizen before it replies (无需联系的理由)."""

    NOT_WANTED = "not_wanted"  # 诉求人要求不联系
    ANONYMOUS = "anonymous"  # 匿名，没有联系方式
    UNREACHABLE = "unreachable"  # 多次联系不上（须有记录）


class EndGround(StrEnum):
    """Why a unit asks that handling end (申请终止的理由)."""

    REFUSES_COOPERATION = "refuses_cooperation"  # 诉求人拒绝配合
    NOT_TRUE = "not_true"  # 经查不属实
    LEGAL_CHANNEL = "legal_channel"  # 已进入诉讼、仲裁、复议、信访等程序
    DONE_BEFORE = "done_before"  # 已依法办结，无新情况
    IMPOSSIBLE = "impossible"  # 客观上无法继续


class BasisFinding(StrEnum):
    """What the hotline finds of the rule by which a unit sends an order back (退回依据是否成立)."""

    HOLDS = "holds"  # 成立
    NOT_APPLICABLE = "not_applicable"  # 不适用于本事项
    OUT_OF_FORCE = "out_of_force"  # 已失效或者已修改
    INSUFFICIENT = "insufficient"  # 不足以说明


class HearingSide(StrEnum):
    """Whose opinion is heard before an appeal is judged unreasonable (听证各方)."""

    UNIT = "unit"  # 承办单位
    CITIZEN = "citizen"  # 诉求人


class Adoption(StrEnum):
    """What became of a suggestion (意见建议的采纳情况)."""

    ADOPTED = "adopted"  # 采纳
    PARTLY = "partly"  # 部分采纳
    NOT_ADOPTED = "not_adopted"  # 不采纳


class Resolution(StrEnum):
    """Whether the matter is resolved, as the citizen says (是否解决)."""

    RESOLVED = "resolved"  # 解决
    MOSTLY = "mostly"  # 基本解决
    UNRESOLVED = "unresolved"  # 未解决


class Satisfaction(StrEnum):
    """How satisfied the citizen is (满意度)."""

    SATISFIED = "satisfied"  # 满意
    MOSTLY = "mostly"  # 基本满意
    DISSATISFIED = "dissatisfied"  # 不满意


class Tier(IntEnum):
    """The five tiers of supervision (五级督办): 热线→媒体→政务→人大政协→纪委监委."""

    HOTLINE = 1
    MEDIA = 2
    GOVERNMENT = 3
    CONGRESS = 4
    DISCIPLINE = 5


class Card(StrEnum):
    """What an order is reminded of (提醒)."""

    UNSIGNED = "unsigned"  # 签收超时
    YELLOW = "yellow"  # 黄牌：将到期
    RED = "red"  # 红牌：已超期
    NOTICE_MISSING = "notice_missing"  # 应先行告知而未告知
    SUPPLEMENT_LATE = "supplement_late"  # 待补充超时
    REVIEW_WAITS = "review_waits"  # 待审核积压
    REVISIT_DUE = "revisit_due"  # 待回访到时
    CO_SOON = "co_soon"  # 协办将到期：协办单位还没有把结果交给主办单位
    CO_LATE = "co_late"  # 协办超期


class ConferenceKind(StrEnum):
    """Where a dispute or a hard matter is talked over (会商、协调升级)."""

    HOTLINE = "hotline"  # 热线机构协商
    STAFFING_AND_JUSTICE = "staffing_and_justice"  # 编制、司法行政部门界定
    GOVERNMENT_OFFICE = "government_office"  # 市政府办公室
    EXECUTIVE_MEETING = "executive_meeting"  # 市政府常务会议
    JOINT_MEETING = "joint_meeting"  # 联席会议


def _refuse_without(given: object, what: str) -> None:
    if not given or (isinstance(given, str) and not given.strip()):
        raise DeedRefusedError(missing=what)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A kept file (附件) by its id in the evidence store; ``what``: contact, handling or identity evidence."""

    id: str
    what: str = "handling"


@dataclass(frozen=True, slots=True)
class Contact:
    """That the unit talked with the citizen: when, how, and what proves it (联系证据)."""

    at: datetime
    how: str
    evidence: tuple[Evidence, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a contact without its way."""
        _refuse_without(self.how, "联系方式")


@dataclass(frozen=True, slots=True)
class Answer:
    """The matter was answered from the knowledge base, or by an agent in ``text``; ``score``: how sure the search was."""

    article: str | None = None
    article_version: int | None = None
    text: str = ""
    score: float | None = None
    step: Literal[Step.ANSWER] = Step.ANSWER

    def __post_init__(self) -> None:
        """Refuse an answer that says nothing."""
        _refuse_without(self.article or self.text, "知识条目或答复内容")


@dataclass(frozen=True, slots=True)
class Divert:
    """The matter goes another way, with reason and what the citizen was told; ``into``: the order it is merged into."""

    diversion: Diversion
    into: str | None = None
    step: Literal[Step.DIVERT] = Step.DIVERT


@dataclass(frozen=True, slots=True)
class Decline:
    """One of the eight kinds of unreasonable orders; 5 to 8 only with evidence (不合理工单)."""

    ground: UnreasonableGround
    reason: str
    evidence: tuple[Evidence, ...] = ()
    step: Literal[Step.DECLINE] = Step.DECLINE

    def __post_init__(self) -> None:
        """Refuse without reason, and without evidence where it is needed."""
        _refuse_without(self.reason, "理由")
        if self.ground.needs_evidence:
            _refuse_without(self.evidence, "证据材料")


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The citizen takes the appeal back."""

    reason: str
    step: Literal[Step.WITHDRAW] = Step.WITHDRAW

    def __post_init__(self) -> None:
        """Refuse without a reason."""
        _refuse_without(self.reason, "撤单原因")


@dataclass(frozen=True, slots=True)
class AskSupplement:
    """Something is missing; the citizen is asked for it."""

    what: str
    step: Literal[Step.ASK_SUPPLEMENT] = Step.ASK_SUPPLEMENT

    def __post_init__(self) -> None:
        """Refuse without saying what is missing."""
        _refuse_without(self.what, "需补充的内容")


@dataclass(frozen=True, slots=True)
class Supplement:
    """What was missing was given; ``place`` when that was it."""

    text: str
    place: Place | None = None
    step: Literal[Step.SUPPLEMENT] = Step.SUPPLEMENT

    def __post_init__(self) -> None:
        """Refuse an empty one."""
        _refuse_without(self.text or self.place, "补充内容")


@dataclass(frozen=True, slots=True)
class QueueForDispatch:
    """A person has to dispatch it; ``proposal`` is a diversion that the machine proposes (人工派单)."""

    reason: str
    proposal: Diversion | None = None
    step: Literal[Step.QUEUE_FOR_DISPATCH] = Step.QUEUE_FOR_DISPATCH


@dataclass(frozen=True, slots=True)
class Dispatch:
    """It goes to the lead unit of ``routing``, with its limits."""

    routing: RoutingDecision
    step: Literal[Step.DISPATCH] = Step.DISPATCH

    def __post_init__(self) -> None:
        """Refuse without a lead unit; a lead never supports itself."""
        _refuse_without(self.routing.lead_unit, "主办单位")
        if self.routing.lead_unit in self.routing.supporting_units:
            raise DeedRefusedError(missing="不同于主办的协办单位")


@dataclass(frozen=True, slots=True)
class SignFor:
    """The lead unit accepts the order."""

    step: Literal[Step.SIGN_FOR] = Step.SIGN_FOR


@dataclass(frozen=True, slots=True)
class SendBack:
    """Not ours: why, by which rule, and whose it is."""

    reason: str
    basis: str
    suggested_unit: str
    step: Literal[Step.SEND_BACK] = Step.SEND_BACK

    def __post_init__(self) -> None:
        """Refuse when reason, basis or unit is missing (regulations: rule 14)."""
        _refuse_without(self.reason, "退回理由")
        _refuse_without(self.basis, "退回依据")
        _refuse_without(self.suggested_unit, "建议承办单位")


@dataclass(frozen=True, slots=True)
class AcceptReturn:
    """The hotline agrees; the order is dispatched anew. ``basis``: what it finds of the unit's rule."""

    reason: str
    basis: BasisFinding | None = None
    step: Literal[Step.ACCEPT_RETURN] = Step.ACCEPT_RETURN

    def __post_init__(self) -> None:
        """Refuse without a reason."""
        _refuse_without(self.reason, "审核意见")


@dataclass(frozen=True, slots=True)
class RejectReturn:
    """The hotline disagrees; the unit goes on. ``basis``: what it finds of the unit's rule."""

    reason: str
    basis: BasisFinding | None = None
    step: Literal[Step.REJECT_RETURN] = Step.REJECT_RETURN

    def __post_init__(self) -> None:
        """Refuse without a reason."""
        _refuse_without(self.reason, "驳回理由")


@dataclass(frozen=True, slots=True)
class Designate:
    """The hotline says whose it is, for good: no return after that (指定)."""

    routing: RoutingDecision
    reason: str
    step: Literal[Step.DESIGNATE] = Step.DESIGNATE

    def __post_init__(self) -> None:
        """Refuse without lead unit or reason."""
        _refuse_without(self.routing.lead_unit, "指定的主办单位")
        _refuse_without(self.reason, "指定理由")


@dataclass(frozen=True, slots=True)
class AddUnits:
    """More units help; each by a time."""

    units: tuple[str, ...]
    reason: str
    until: datetime | None = None
    step: Literal[Step.ADD_UNITS] = Step.ADD_UNITS

    def __post_init__(self) -> None:
        """Refuse without units."""
        _refuse_without(self.units, "协办单位")


@dataclass(frozen=True, slots=True)
class CoReply:
    """What a supporting unit found, for the lead."""

    text: str
    step: Literal[Step.CO_REPLY] = Step.CO_REPLY

    def __post_init__(self) -> None:
        """Refuse an empty one."""
        _refuse_without(self.text, "协办意见")


@dataclass(frozen=True, slots=True)
class AskExtension:
    """More time, asked for before the order is due."""

    until: datetime
    reason: str
    step: Literal[Step.ASK_EXTENSION] = Step.ASK_EXTENSION

    def __post_init__(self) -> None:
        """Refuse without a reason."""
        _refuse_without(self.reason, "延期理由")


@dataclass(frozen=True, slots=True)
class GrantExtension:
    """The hotline grants it; ``limits`` hold the new handling limit and its cards."""

    limits: tuple[SetLimit, ...]
    reason: str = ""
    step: Literal[Step.GRANT_EXTENSION] = Step.GRANT_EXTENSION


@dataclass(frozen=True, slots=True)
class RefuseExtension:
    """The hotline refuses it."""

    reason: str
    step: Literal[Step.REFUSE_EXTENSION] = Step.REFUSE_EXTENSION

    def __post_init__(self) -> None:
        """Refuse without a reason."""
        _refuse_without(self.reason, "不批准的理由")


@dataclass(frozen=True, slots=True)
class GiveNotice:
    """The citizen was told of progress and of the statutory limit (先行告知)."""

    text: str
    step: Literal[Step.GIVE_NOTICE] = Step.GIVE_NOTICE

    def __post_init__(self) -> None:
        """Refuse an empty one."""
        _refuse_without(self.text, "告知内容")


@dataclass(frozen=True, slots=True)
class Suspend:
    """It cannot be resolved now: what is done meanwhile, and when it goes on by itself (挂账)."""

    until: datetime
    measures: str
    step: Literal[Step.SUSPEND] = Step.SUSPEND

    def __post_init__(self) -> None:
        """Refuse without measures."""
        _refuse_without(self.measures, "措施和计划")


@dataclass(frozen=True, slots=True)
class Resume:
    """Handling goes on, with new limits."""

    limits: tuple[SetLimit, ...]
    reason: str = ""
    step: Literal[Step.RESUME] = Step.RESUME


@dataclass(frozen=True, slots=True)
class AskEnd:
    """The unit asks in writing that handling end (申请终止)."""

    ground: EndGround
    reason: str
    evidence: tuple[Evidence, ...] = ()
    step: Literal[Step.ASK_END] = Step.ASK_END

    def __post_init__(self) -> None:
        """Refuse without a reason."""
        _refuse_without(self.reason, "终止理由")


@dataclass(frozen=True, slots=True)
class ApproveEnd:
    """The hotline agrees; ``told`` is what the citizen is told."""

    reason: str
    told: str
    step: Literal[Step.APPROVE_END] = Step.APPROVE_END

    def __post_init__(self) -> None:
        """Refuse without reason and without telling the citizen."""
        _refuse_without(self.reason, "审核意见")
        _refuse_without(self.told, "告知诉求人的内容")


@dataclass(frozen=True, slots=True)
class RejectEnd:
    """The hotline disagrees."""

    reason: str
    step: Literal[Step.REJECT_END] = Step.REJECT_END

    def __post_init__(self) -> None:
        """Refuse without a reason."""
        _refuse_without(self.reason, "不同意的理由")


@dataclass(frozen=True, slots=True)
class Reply:
    """The lead unit's reply in two versions: to the citizen, and one that may be made public (两份答复)."""

    to_citizen: str
    public: str
    contact: Contact | None = None
    exemption: ContactExemption | None = None
    is_resolved: bool = True
    unresolved_reason: str = ""
    adoption: Adoption | None = None
    evidence: tuple[Evidence, ...] = ()
    step: Literal[Step.REPLY] = Step.REPLY

    def __post_init__(self) -> None:
        """Refuse without text, without proof of contact or an exemption, and unresolved without saying why."""
        _refuse_without(self.to_citizen, "给诉求人的答复")
        _refuse_without(self.public, "可公开的答复")
        if self.exemption is None:
            _refuse_without(self.contact and self.contact.evidence, "联系诉求人的证据，或免于联系的理由")
        if not self.is_resolved:
            _refuse_without(self.unresolved_reason, "未解决的原因")
        if self.adoption in (Adoption.NOT_ADOPTED, Adoption.PARTLY):
            _refuse_without(self.unresolved_reason, "不采纳的理由")


@dataclass(frozen=True, slots=True)
class PassReview:
    """The hotline has read the reply and finds it answers the matter."""

    remark: str = ""
    step: Literal[Step.PASS_REVIEW] = Step.PASS_REVIEW


@dataclass(frozen=True, slots=True)
class Redo:
    """Handle it again: why, with new limits."""

    reason: str
    limits: tuple[SetLimit, ...]
    step: Literal[Step.REDO] = Step.REDO

    def __post_init__(self) -> None:
        """Refuse without a reason."""
        _refuse_without(self.reason, "重办理由")


@dataclass(frozen=True, slots=True)
class Revisit:
    """One try to hear the citizen: result and attitude apart. Not ``is_reached`` says only that nobody answered.

    ``wants_redo``: the citizen asks that it be handled again, however content they are.
    """

    is_reached: bool
    how: str
    was_contacted: bool | None = None
    resolution: Resolution | None = None
    result: Satisfaction | None = None
    attitude: Satisfaction | None = None
    remark: str = ""
    wants_redo: bool = False
    step: Literal[Step.REVISIT] = Step.REVISIT

    def __post_init__(self) -> None:
        """Refuse a revisit that reached the citizen but brought no answers."""
        _refuse_without(self.how, "回访方式")
        if self.is_reached:
            _refuse_without(self.resolution, "是否解决")
            _refuse_without(self.result, "对办理结果是否满意")
            _refuse_without(self.attitude, "对办理过程是否满意")


@dataclass(frozen=True, slots=True)
class Conclude:
    """Closed by a person; a reason is needed where no reply passed review."""

    reason: str = ""
    step: Literal[Step.CONCLUDE] = Step.CONCLUDE


@dataclass(frozen=True, slots=True)
class Remind:
    """A card for the limit that ends (or ended) at ``about``; ``unit``: the supporting unit whose part it is, None: the lead's."""

    card: Card
    about: datetime
    unit: str | None = None
    step: Literal[Step.REMIND] = Step.REMIND


@dataclass(frozen=True, slots=True)
class ProposeTier:
    """The rules find ground for a tier; a person starts it."""

    tier: Tier
    ground: str
    step: Literal[Step.PROPOSE_TIER] = Step.PROPOSE_TIER


@dataclass(frozen=True, slots=True)
class RejectTier:
    """A tier that the rules proposed is turned down, and why (不予升级): it is not proposed again for the same cause."""

    tier: Tier
    reason: str
    step: Literal[Step.REJECT_TIER] = Step.REJECT_TIER

    def __post_init__(self) -> None:
        """Refuse without a reason."""
        _refuse_without(self.reason, "不予升级的理由")


@dataclass(frozen=True, slots=True)
class Supervise:
    """Supervision begins at ``tier``; skipping one needs who approved it."""

    tier: Tier
    reason: str
    approver: str = ""
    step: Literal[Step.SUPERVISE] = Step.SUPERVISE

    def __post_init__(self) -> None:
        """Refuse without a reason."""
        _refuse_without(self.reason, "督办理由")


@dataclass(frozen=True, slots=True)
class Confer:
    """A talk about the order: who took part, and what came of it."""

    kind: ConferenceKind
    participants: tuple[str, ...]
    conclusion: str
    minutes: str = ""
    step: Literal[Step.CONFER] = Step.CONFER

    def __post_init__(self) -> None:
        """Refuse without participants or conclusion."""
        _refuse_without(self.participants, "参加单位")
        _refuse_without(self.conclusion, "会商结论")


@dataclass(frozen=True, slots=True)
class Urge:
    """The citizen urges (催办)."""

    text: str = ""
    step: Literal[Step.URGE] = Step.URGE


@dataclass(frozen=True, slots=True)
class AddFacts:
    """New facts from the citizen; ``wants_secrecy``: units are to see nothing of who they are from now on (保密)."""

    text: str
    wants_secrecy: bool = False
    step: Literal[Step.ADD_FACTS] = Step.ADD_FACTS

    def __post_init__(self) -> None:
        """Refuse nothing."""
        _refuse_without(self.text, "补充内容")


@dataclass(frozen=True, slots=True)
class Join:
    """One more citizen with the same matter, from the record ``number``: they get every reply too (并单)."""

    number: str
    text: str
    phone: PhoneNumber | None = None
    name: str = ""
    secrecy: Secrecy = Secrecy.NONE
    step: Literal[Step.JOIN] = Step.JOIN


@dataclass(frozen=True, slots=True)
class Object:
    """The citizen objects to how the order ended."""

    text: str
    step: Literal[Step.OBJECT] = Step.OBJECT

    def __post_init__(self) -> None:
        """Refuse nothing."""
        _refuse_without(self.text, "异议内容")


@dataclass(frozen=True, slots=True)
class RejectObjection:
    """What the citizen objects to stands, and why (维持原结论)."""

    reason: str
    step: Literal[Step.REJECT_OBJECTION] = Step.REJECT_OBJECTION

    def __post_init__(self) -> None:
        """Refuse without a reason: the citizen is told it."""
        _refuse_without(self.reason, "维持原结论的理由")


@dataclass(frozen=True, slots=True)
class Split:
    """A part of the matter goes on by itself: ``text`` as the order ``number``; the citizens are told the reason (拆单)."""

    number: str
    text: str
    reason: str
    step: Literal[Step.SPLIT] = Step.SPLIT

    def __post_init__(self) -> None:
        """Refuse without the other order, what goes there, or why."""
        _refuse_without(self.number, "另立的工单编号")
        _refuse_without(self.text, "另立工单的事项")
        _refuse_without(self.reason, "拆单理由")


@dataclass(frozen=True, slots=True)
class AskHearing:
    """Somebody asks that the appeal be judged unreasonable on a ground that a person has to establish (⑤—⑧)."""

    ground: UnreasonableGround
    reason: str
    evidence: tuple[Evidence, ...] = ()
    step: Literal[Step.ASK_HEARING] = Step.ASK_HEARING

    def __post_init__(self) -> None:
        """Refuse without a reason, and on grounds that need no hearing."""
        _refuse_without(self.ground.needs_evidence, "须经认定的情形（⑤—⑧）")
        _refuse_without(self.reason, "申请理由")


@dataclass(frozen=True, slots=True)
class GiveOpinion:
    """What one side says in a hearing. ``is_silent``: it was asked and said nothing; ``text`` tells how and when."""

    side: HearingSide
    text: str
    evidence: tuple[Evidence, ...] = ()
    is_silent: bool = False
    step: Literal[Step.GIVE_OPINION] = Step.GIVE_OPINION

    def __post_init__(self) -> None:
        """Refuse an empty one."""
        _refuse_without(self.text, "陈述内容")


@dataclass(frozen=True, slots=True)
class RejectHearing:
    """The appeal is not unreasonable: handling goes on, and everybody is told why."""

    reason: str
    step: Literal[Step.REJECT_HEARING] = Step.REJECT_HEARING

    def __post_init__(self) -> None:
        """Refuse without a reason."""
        _refuse_without(self.reason, "不予认定的理由")


@dataclass(frozen=True, slots=True)
class Exclude:
    """Does not count in the assessment: on what ground, and who approved it."""

    ground: str
    reason: str
    approver: str
    step: Literal[Step.EXCLUDE] = Step.EXCLUDE

    def __post_init__(self) -> None:
        """Refuse without ground, reason or approver (regulations: rule 44)."""
        _refuse_without(self.ground, "剔除类别")
        _refuse_without(self.reason, "剔除理由")
        _refuse_without(self.approver, "审批人")


@dataclass(frozen=True, slots=True)
class Contest:
    """The lead unit objects to the order's counting in the assessment, on a ground of the city's, until ``until`` (考核异议)."""

    ground: str
    reason: str
    evidence: tuple[Evidence, ...]
    until: datetime
    step: Literal[Step.CONTEST] = Step.CONTEST

    def __post_init__(self) -> None:
        """Refuse without ground, reason or evidence."""
        _refuse_without(self.ground, "异议情形")
        _refuse_without(self.reason, "异议理由")
        _refuse_without(self.evidence, "证据材料")


@dataclass(frozen=True, slots=True)
class RejectContest:
    """The order goes on counting, and why (维持计入考核)."""

    reason: str
    step: Literal[Step.REJECT_CONTEST] = Step.REJECT_CONTEST

    def __post_init__(self) -> None:
        """Refuse without a reason: the unit is told it."""
        _refuse_without(self.reason, "维持计入的理由")


@dataclass(frozen=True, slots=True)
class Disclose:
    """The public version, read and confirmed by a person."""

    text: str
    step: Literal[Step.DISCLOSE] = Step.DISCLOSE

    def __post_init__(self) -> None:
        """Refuse nothing."""
        _refuse_without(self.text, "公开内容")


@dataclass(frozen=True, slots=True)
class Withhold:
    """A person decided that it is not made public, or no longer (不公开)."""

    reason: str
    step: Literal[Step.WITHHOLD] = Step.WITHHOLD

    def __post_init__(self) -> None:
        """Refuse without a reason."""
        _refuse_without(self.reason, "不公开的理由")


@dataclass(frozen=True, slots=True)
class Reopen:
    """A closed order goes back to dispatch."""

    reason: str
    step: Literal[Step.REOPEN] = Step.REOPEN

    def __post_init__(self) -> None:
        """Refuse without a reason."""
        _refuse_without(self.reason, "重新办理的理由")


@dataclass(frozen=True, slots=True)
class Archive:
    """Kept for good, or as long as its category says."""

    step: Literal[Step.ARCHIVE] = Step.ARCHIVE


@dataclass(frozen=True, slots=True)
class Complete:
    """An agent puts right and completes what was taken down: the whole ``appeal`` as it is now, and which fields changed (补全)."""

    appeal: Appeal
    fields: tuple[str, ...] = ()
    step: Literal[Step.COMPLETE] = Step.COMPLETE

    def __post_init__(self) -> None:
        """Refuse an appeal without a matter."""
        _refuse_without(self.appeal.text, "诉求内容")


Deed = Annotated[
    Answer | Divert | Decline | Withdraw | AskSupplement | Supplement | QueueForDispatch | Dispatch | SignFor
    | SendBack | AcceptReturn | RejectReturn | Designate | AddUnits | CoReply | AskExtension | GrantExtension
    | RefuseExtension | GiveNotice | Suspend | Resume | AskEnd | ApproveEnd | RejectEnd | Reply | PassReview | Redo
    | Revisit | Conclude | Remind | ProposeTier | RejectTier | Supervise | Confer | Urge | AddFacts | Join | Object | Exclude
    | Disclose | Reopen | Archive | Complete | Split | AskHearing | GiveOpinion | RejectHearing | Withhold
    | RejectObjection | Contest | RejectContest,
    Discriminator("step"),
]  # fmt: skip
"""Anything that may be done to an order. Whoever reads one from JSON looks at its ``step`` first, and tries no other."""
