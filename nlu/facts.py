"""Facts in an utterance besides place and time (要素): sums of money, organisations, other people, and plates.

Each keeps what was ``said`` and what that is in standard form (``value``): 二十三万 → 230000 元, 供电局 → the unit's code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from hotline.city import City
from hotline.domain.appeal import Fact, FactKind
from hotline.domain.meaning import Figure, FigureKind
from hotline.numerals import cardinal
from nlu.lexicon import MeaningWords

_SIGNS: Final = r"\d零〇一二两三四五六七八九十百千万亿.,"
_NUMERAL: Final = rf"(?<![{_SIGNS}])[\d零〇一二两三四五六七八九十百千][{_SIGNS}]{{0,16}}+(?<![.,])"
"""A number, whole: never tried again shorter, or a page of digits would take for ever."""
_COUNTED: Final = "多来余个位名户人口家亩平米台辆栋套次遍年月天日号度斤吨公里件张份票学生千百十"
_NO_MONEY: Final = "墓地|地(?![方铁区])|空地|田|木|砖|石|玻璃|板|牌|布|电池|表|蛋糕|肉|骨|砧|屏|儿|头|瓦"
_AMOUNT: Final = re.compile(
    rf"(?P<number>{_NUMERAL})(?P<about>多|来|余)?(?P<scale>[万亿])?(?:(?:块钱|块(?!{_NO_MONEY})|元钱|元|圆)(?:零?(?P<tenths>[一二两三四五六七八九\d](?!\d))(?:[毛角](?P<hundredths>[一二两三四五六七八九\d](?!\d))?分?)?)?|(?P<tenth>毛钱|[毛角](?P<cents>[一二两三四五六七八九\d](?!\d))?))"
    rf"|(?P<bare>{_NUMERAL})(?P<bare_about>多|来|余)?(?P<bare_scale>[万亿])?(?<=[百千万亿一二三四五六七八九余多来])(?![{_COUNTED}元块])"
)
_LARGE: Final = re.compile("[百千]")
_OF_MONEY: Final = re.compile(
    "(?:欠|[收交罚花扣骗赔退借付补贷还给](?!.*路)|押金|定金|工资|工钱|补偿|房租|租金|价|费|钱|罚款|[办充]的?卡)[^。！？]{0,5}$"
)
_NEAR: Final = 8
_SCALES: Final = {"": 1, "十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}

_FORMS: Final = (
    "有限责任公司|股份有限公司|有限公司|分公司|总公司|子公司|公司|集团|合作社|工厂|砖厂|板厂|厂|热力|物业|银行|信用社|超市|商场|酒店|宾馆|饭店|餐厅"
    "|医院|卫生院|卫生室|诊所|药店|门诊|学校|小学|初中|高中|中学|一中|二中|大学|学院|幼儿园|培训机构|培训学校|培训班|驾校|健身房|美容院"
    "|派出所|法院|居委会|村委会|村委|街道办事处|办事处|镇政府|乡政府|区政府|县政府|管委会|事务所|养老院|敬老院|4S店|加油站|检测站"
)
_STOPS: Final = "的了吗呢在是有和与跟及同被把给到我你他她们这那家个某去找让叫请为对从向往说问住做就也还都没不能要会想已被由于因为以后之前现"
_ORGANISATION: Final = re.compile(
    rf"(?P<name>[\u4e00-\u9fffA-Za-z0-9（）()]{{2,12}}?)(?P<form>{_FORMS})(?![里外门口长们湖]|[”\x22]?杯|旁边|对面|附近|[东西南北](?:边|侧|面|头)|后面|前面)"
)
_NO_NAME: Final = re.compile(
    rf"^(?:[{_STOPS}]|附近|旁边|对面|小区|前期|本|该|各|一家|几家|老|新|大|小|开|当|地|公立|私立|民营|民办|公办|县|市|区|镇|村|楼下|隔壁|所有|有些|某些|热力|自来水|供电|燃气|天然气|开发|物业|装修|快递|保险|旅游|培训)*$"
)
_BEFORE: Final = re.compile(r"^(?:举报|投诉|反映|咨询|请问|查处|关于|建议|希望|感谢|表扬|通过|我家|附近)+")
_TITLES: Final = "支书|书记|主任|村长|队长|会计|经理|老板|包工头|工头|班主任|老师|校长|医生|大夫|护士|司机|教练|保安|所长|民警|律师|房东|邻居|业主|负责人|法人|店长|厂长|销售员|业务员|中介|介绍人|队员"
_NOT_OF_A_NAME: Final = "的了是不没把打骂收欠给在从跑拖已让也还就都又要想来去说和与跟很太到有被对占卖买批扣罚告得过上下高个这那他她我你们"
_CALLED: Final = re.compile(
    rf"(?P<role>{_TITLES})(?:的?名字)?(?:是|叫|名叫|姓名是)?"
    rf"(?!高度|方便|马上|常年|常常|经常|万一|江苏|安全|安排|任何|任意|白天|全部|陆续|温度|成天|强行|时|金额|顾问|许可|安心|齐心|向|曾经?|严[查重厉格禁惩]|于是|方面|管理|单方|黄牛|石料|江湖|沙石)"
    rf"(?P<name>[\u4e00-\u9fff][^\W\d_A-Za-z{_NOT_OF_A_NAME}]{{1,2}})"
)
_STYLED: Final = re.compile(
    r"(?P<name>[\u4e00-\u9fff])(?P<role>某某?|先生|女士|师傅|经理|主任|书记|老板|老师|医生|大夫)"
)

_SALUTED: Final = re.compile(r"(?:尊敬|敬爱|亲爱)的?$")
_GREETED: Final = re.compile(r"[:：，,\s]*[您你]好")


class FactFinder:
    """Finds facts with a city's units and surnames."""

    def __init__(self, city: City, words: MeaningWords) -> None:
        """Index the names of the units."""
        self._surnames = words.surnames
        self._units = {
            name: unit.code
            for unit in city.units.values()
            for name in (unit.name, *unit.aliases)
            if name not in city.place_names and len(name) > 2 and not name.isdecimal()
        }
        self._unit = re.compile(
            "|".join(sorted(map(re.escape, self._units), key=len, reverse=True)) or "(?!)"
        )

    def find(self, text: str, figures: Sequence[Figure], citizen: str = "") -> tuple[Fact, ...]:
        """Return the facts in the order they are said; ``citizen`` is who speaks and is no fact of the matter."""
        found = [
            *_amounts(text),
            *self._organisations(text),
            *(each for each in self._people(text) if each[1].value != citizen),
            *(
                (text.find(one.said), Fact(FactKind.PLATE, one.said, one.value))
                for one in figures
                if one.kind is FigureKind.PLATE
            ),
        ]
        return tuple(dict.fromkeys(fact for _, fact in sorted(found, key=lambda one: one[0])))

    def _organisations(self, text: str) -> Iterator[tuple[int, Fact]]:
        taken: list[tuple[int, int]] = []
        for known in self._unit.finditer(text):
            taken.append(known.span())
            yield known.start(), Fact(FactKind.ORGANISATION, known[0], known[0], self._units[known[0]])
        for found in _ORGANISATION.finditer(text):
            name = _last_part(found["name"])
            start = found.end() - len(found["form"]) - len(name)
            if (
                _NO_NAME.fullmatch(name)
                or len(name) < 2
                or any(a < found.end() and start < b for a, b in taken)
            ):
                continue
            said = name + found["form"]
            yield start, Fact(FactKind.ORGANISATION, said, said)

    def _people(self, text: str) -> Iterator[tuple[int, Fact]]:
        taken: list[tuple[int, int]] = []
        for found in (*_CALLED.finditer(text), *_STYLED.finditer(text)):
            if found["name"][0] not in self._surnames or any(a <= found.start() < b for a, b in taken):
                continue
            taken.append(found.span())
            if _SALUTED.search(text, 0, found.start()) or _GREETED.match(text, found.end()):
                continue  # whom the letter is to is no one it tells of
            is_styled = found.re is _STYLED
            value = found[0] if is_styled else found["name"]
            yield found.start(), Fact(FactKind.PERSON, found[0], value, found["role"])


def _last_part(name: str) -> str:
    """Return what of ``name`` can be one: after the last word that no name holds."""
    cut = max(name.rfind(stop) for stop in _STOPS)
    return _BEFORE.sub("", name[cut + 1 :])


def _amounts(text: str) -> Iterator[tuple[int, Fact]]:
    for found in _AMOUNT.finditer(text):
        said = found["number"] or found["bare"]
        if found["bare"] and not (
            found["bare_scale"]
            or re.search("[万亿]", said)
            or (_LARGE.search(said) and _OF_MONEY.search(text, max(0, found.start() - _NEAR), found.start()))
        ):
            continue  # without its unit it is money when it is large (欠我们二十三万) or said of money (押金一千二)
        value = _value(said)
        if value is None:
            continue
        value *= _SCALES[found["scale"] or found["bare_scale"] or ""]
        if found["tenth"]:
            value = value / 10 + Decimal(cardinal(found["cents"] or "零") or 0) / 100
        if found["tenths"]:
            value += Decimal(cardinal(found["tenths"]) or 0) / 10
        if found["hundredths"]:
            value += Decimal(cardinal(found["hundredths"]) or 0) / 100
        yield (
            found.start(),
            Fact(
                FactKind.AMOUNT,
                found[0],
                f"{value.normalize():f}",
                found["about"] or found["bare_about"] or "",
            ),
        )


def _value(said: str) -> Decimal | None:
    """Return the value of a numeral with 万 and 亿, also as it is said for short (一万八 is 18,000)."""
    total = Decimal(0)
    for scale in ("亿", "万"):
        before, found, said = said.rpartition(scale) if scale in said else ("", "", said)
        if found:
            part = _value(before) if "万" in before else _below_ten_thousand(before)
            if part is None:
                return None
            total += part * _SCALES[scale]
            if len(said) == 1 and said in "一二两三四五六七八九":
                return total + Decimal(cardinal(said) or 0) * _SCALES[scale] / 10
    if not said:
        return total
    part = _below_ten_thousand(said.lstrip("零〇"))
    return None if part is None else total + part


def _below_ten_thousand(said: str) -> Decimal | None:
    if not said:
        return None
    if said[0].isdecimal():
        try:
            return Decimal(said.replace(",", ""))
        except InvalidOperation:
            return None
    short = re.fullmatch(r"(.*?([十百千]))([一二两三四五六七八九])", said)
    if short is not None and short[2] != "十":  # 三千五 is 3,500
        whole, digit = cardinal(short[1]), cardinal(short[3])
        return None if whole is None or digit is None else Decimal(whole + digit * _SCALES[short[2]] // 10)
    whole = cardinal(said)
    return None if whole is None else Decimal(whole)
