"""What is read back of a long account is cut where words begin, and its greetings are left out."""

from __future__ import annotations

import pytest

from hotline.city import read_lists
from hotline.dialogue.briefs import Briefs
from hotline.dialogue.words import ANSWER_FILES, AnswerWords
from tests.builders import LINYI

BRIEFS: Briefs = AnswerWords(read_lists(LINYI / "lexicon", ANSWER_FILES)).briefs


@pytest.mark.parametrize(
    ("accounts", "brief"),
    [
        (("路灯坏了",), "路灯坏了"),
        (
            (
                "你好同志，我是罗庄的，我儿子在杭州上班，他单位给他交的公积金，他想回来买房子，能不能用杭州的公积金在临沂贷款",
            ),
            "能不能用杭州的公积金在临沂贷款",
        ),
        (
            (
                "大姐我跟你打听个事，我这两亩地种了一辈子，前年修路占了，村里说给补钱到现在也没给，我找了好几趟都说等等",
            ),
            "我跟你打听个事，我这两亩地种了一辈子，前年修路占了，村里说给补钱到现在也没给",
        ),
        (("一" * 50,), "一" * 40),
        # no punctuation
        (
            (
                "我的退休证找不到了然后我现在在外地女儿家住着我想问一下这个退休证能不能在网上补办需要什么手续啊",
            ),
            "我的退休证找不到了，这个退休证能不能在网上补办需要什么手续",
        ),
        (
            (
                "俺给你说个事俺庄上的路叫拉沙的大车给轧烂了俺找镇上镇上说一定给修到现在也没修俺就想问问啥时候能修",
            ),
            "俺庄上的路叫拉沙的大车给轧烂了俺找镇上镇上说一定给修到现在也没修，啥时候能修",
        ),
        (
            (
                "就是那个俺妈上个月在县医院住院花了三万多报销才报了一万医院说是有些药不在目录里俺就想问问是不是少给报了",
            ),
            "俺妈上个月在县医院住院花了三万多报销才报了一万，是不是少给报了",
        ),
        # a question too long to be heard at once, and what is told behind it
        (
            ("俺两口子在兰山区打工租的房子想叫孩子在这边上小学户口在沂南都要带啥材料啊还有啥时候报名",),
            "房子想叫孩子在这边上小学户口在沂南都要带啥材料啊还有啥时候报名",
        ),
        (
            ("请问沂河路公交站北口在银座西南角是否设了过街天桥对面超市那边的已经装好了但这边还没看到",),
            "沂河路公交站北口在银座西南角是否设了过街天桥对面超市那边的已经装好了但这边还没看",
        ),
        (
            (
                "我们村东头那条路年久失修坑坑洼洼的一下雨就没法走路然后老人孩子出门都摔过跤找了村里好几回也没有人来",
            ),
            "我们村东头那条路年久失修坑坑洼洼的一下雨就没法走路",
        ),
        # greetings, and signs at the end
        (("嗯我想问一下公积金怎么提取啊就是买房子那个",), "公积金怎么提取啊就是买房子那个"),
        (("喂，你好，我想问一下我那个养猪场要办什么手续？",), "我那个养猪场要办什么手续"),
        (("12345您好。我想反映一下小区物业的问题。",), "小区物业的问题"),
        (("我想表扬一位工作人员！",), "我想表扬一位工作人员"),
        (("你好，请问",), "你好，请问"),
        (
            (
                "我们小区物业的问题一直没有人管，理由如下：1。物业长期不作为，2。电梯经常坏，请尽快处理，垃圾也没有清理",
            ),
            "我们小区物业的问题一直没有人管，理由如下：1，物业长期不作为，2，电梯经常坏",
        ),
        (
            (
                "我们小区物业的问题一直都没有人来管过，现将详细理由说明如下：1。物业长期不作为而且从来不公开账目",
            ),
            "我们小区物业的问题一直都没有人来管过，现将详细理由说明如下",
        ),
        # what was told after a question
        (
            (
                "孩子户口不在这边想转到这边的小学怎么办转学",
                "需要什么材料",
                "学校说没有学位不收，你给反映一下",
            ),
            "学校说没有学位不收，你给反映一下",
        ),
        (
            (
                "我家孩子今年上小学我们户口不在这边",
                "转学怎么办需要带什么材料",
                "学校说没有学位不收，反映一下",
            ),
            "转学怎么办需要带什么材料，学校说没有学位不收，反映一下",
        ),
    ],
)
def test_a_story_is_read_back_in_whole_clauses_and_a_question_with_what_it_asks(
    accounts: tuple[str, ...], brief: str
) -> None:
    assert BRIEFS.in_brief(accounts) == brief


def test_a_short_question_takes_what_comes_before_it() -> None:
    assert BRIEFS.question_in("我家孩子上初中，要多少钱") == "我家孩子上初中，要多少钱"
    assert BRIEFS.question_in("我家停水了") == ""


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("嗯我想问一下公积金怎么提取啊就是买房子那个", "公积金怎么提取"),
        ("公积金怎么提取", ""),
        ("我家停水了然后物业也不管", ""),
    ],
)
def test_a_question_ends_where_words_go_on(text: str, asked: str) -> None:
    assert BRIEFS.asked_first(text) == asked


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("社保卡丢了，人现在在上海打工，请问网上能不能补办，怎么操作？", "社保卡丢了，网上能不能补办"),
        ("社保卡丢了，网上能不能补办", ""),
        ("社保卡丢了，人在上海", ""),
    ],
)
def test_a_question_is_joined_to_what_the_story_began_with(text: str, asked: str) -> None:
    assert BRIEFS.beginning_and_question(text) == asked


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("我在广东打工，社保卡丢了咋补", "社保卡丢了咋补"),
        ("我是开饭店的，健康证在哪办", "健康证在哪办"),
        ("社保卡丢了咋补", ""),
        ("我家条件不好，多少钱", ""),
    ],
)
def test_the_clause_that_asks_is_told_alone(text: str, asked: str) -> None:
    assert BRIEFS.clause_asked(text) == asked


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("费县上冶镇|俺家门口", "费县上冶镇|您家门口"),
        ("费县上冶镇|我们村东头", "费县上冶镇|你们村东头"),
        ("兰山区|咱小区3号楼", "兰山区|你们小区3号楼"),
        ("兰山区|沂蒙路上的俺们那个小区", "兰山区|沂蒙路上的你们那个小区"),
        ("我家楼下", "您家楼下"),
        ("兰山区|我爱我家门店", "兰山区|我爱我家门店"),
        ("兰山区|银雀山社区", "兰山区|银雀山社区"),
    ],
)
def test_a_place_of_one_s_own_is_said_back_as_the_caller_s(place: str, said: str) -> None:
    assert BRIEFS.yours(place) == said


@pytest.mark.parametrize(
    ("text", "brief"),
    [
        (
            "驾校练车每次多收三十块钱的场地费，不给开发票，贴出来的收费标准也对不上。希望主管部门查一查这笔乱收的钱。",
            "希望主管部门查一查这笔乱收的钱",
        ),
        # rhetoric behind what is wished
        (
            "费县上冶镇小河村的路一下雨车就陷住，希望硬化，我们村的人出门谁来保障？还要等到什么时候？",
            "费县上冶镇小河村的路一下雨车就陷住，希望硬化",
        ),
        # 依法、合理 and 几年来 ask nothing
        (
            "郯城县马头镇有二十户人家没有得到及时、足额、公平补偿，几年来一直租房住，请依法解决我们的补偿问题。",
            "郯城县马头镇有二十户人家没有得到及时、足额、公平补偿，几年来一直租房住",
        ),
        # a wish that anybody may write goes on to what is wished, or else what is complained of is told
        (
            "楼后面五十米新开了一家石材厂，切割声、粉尘让老人整天开不了窗！请有关部门尽快处理解决，尽快关停或者搬走这家石材厂！",
            "请有关部门尽快处理解决，尽快关停或者搬走这家石材厂",
        ),
        (
            "金泰小区三号楼底商开了三家烤串店，油烟天天熏得我们开不了窗，请相关的部门领导帮我们解决这个问题，还居民一个安静的生活。",
            "金泰小区三号楼底商开了三家烤串店，油烟天天熏得我们开不了窗",
        ),
        (
            "购房合同写的是去年年底交房，我们几百户到现在一直拿不到钥匙，恳请在您的关心下，让大家买的新房尽快交付，感激不尽！",
            "我们几百户到现在一直拿不到钥匙，恳请在您的关心下，让大家买的新房尽快交付",
        ),
        # a date alone, and a quotation that is not closed
        (
            "今年上半年，我们小区业主委员会成立以后一直要求物业公司公开公共收益的账目和停车费，可到现在也没有公布",
            "我们小区业主委员会成立以后一直要求物业公司公开公共收益的账目和停车费",
        ),
        (
            "本人几次投诉“沂水县许家湖镇北河村的石子堆场，污染土壤、水井，两年了镇里村里都没有给过一句答复”",
            "本人几次投诉沂水县许家湖镇北河村的石子堆场，污染土壤、水井",
        ),
        # in one breath
        (
            "我们村头那个路灯坏了好几个月了晚上黑灯瞎火的老人出门都摔跤希望你们能派人来给修一修",
            "我们村头那个路灯坏了好几个月了晚上黑灯瞎火的老人出门都摔跤",
        ),
    ],
)
def test_of_a_letter_what_it_wishes_or_complains_of_is_read_back(text: str, brief: str) -> None:
    assert (BRIEFS.puts_question(text), BRIEFS.in_brief((text,), is_asked=False)) == (False, brief)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (
            "我妈今年八十多了瘫痪在床，去年住院花了十几万，现在家里困难，请问能不能申请大病救助，谢谢",
            "现在家里困难，请问能不能申请大病救助",
        ),
        (
            "我儿子在杭州上班，单位给他交的公积金，请问能不能用杭州的公积金在临沂贷款，希望帮我解决这个问题",
            "能不能用杭州的公积金在临沂贷款",
        ),
        (
            "我去年申请了公租房到现在还没排上，房租越来越贵，我一个月才三千块钱，公租房要排到什么时候",
            "我一个月才三千块钱，公租房要排到什么时候",
        ),
        (
            "滨河路的口袋公园说要建说了好多年，年年都写进计划可总不见动工，周围小区越住越满，公园计划什么时候动工建设？",
            "公园计划什么时候动工建设",
        ),
    ],
)
def test_a_question_in_a_long_text_stays_one(text: str, question: str) -> None:
    assert (BRIEFS.puts_question(text), BRIEFS.in_brief((text,))) == (True, question)


@pytest.mark.parametrize(
    "clause",
    ["难道没有人管吗", "这样的日子何时是个头", "监管部门去哪儿了", "真就这么难吗", "是来糊弄百姓的吗"],
)
def test_rhetoric_asks_nothing(clause: str) -> None:
    assert BRIEFS.question_in(f"我们小区的路灯坏了，{clause}") == ""


def test_praise_is_read_back_from_its_beginning() -> None:
    thanks = "我要感谢兰山区交警大队的王警官，昨天孩子在路上走丢了，是他帮我找回来的，希望领导好好表扬他"
    assert BRIEFS.beginning((thanks,)) == thanks[: thanks.index("，希望")]


def test_a_demand_tells_who_is_to_be_called_to_account() -> None:
    letters = BRIEFS.letters
    assert letters.demands("老板跑路了，请求有关部门查处", strongly=True)
    assert not letters.demands("请问社保怎么交，希望帮我解决", strongly=True)
    assert letters.demands("请问社保怎么交，希望帮我解决", strongly=False)
    assert not letters.demands("物业不整改，社区也不查处", strongly=True)


@pytest.mark.parametrize(
    "text",
    [
        "俺庄里修路修到俺家门口就不修了前后邻居都修好了你说是不是欺负人",
        "修路修到俺家门口就不修了，就俺家还是泥窝子，你说是不是欺负人？",
        "村里把俺的低保给取消了给他小舅子办上了他小舅子家里有车有楼俺一个老嬷嬷无儿无女的你说凭啥呢公平不公平",
        "养猪场那味熏得俺开不了窗户找村里村里说管不了都等了两个夏天了你说这事咋弄恁给管管呗",
        "小区停了三天水了打物业电话没人接让人咋过",
        "楼下烧烤摊天天冒烟呛得俺睡不着觉你说这日子咋过",
        "厂子停产，让我们签解除合同的字，我们断了收入以后将怎么生活下去。希望领导给个答复，我们都等着。",
        "我们村二三十年还是土路。别的村都修了水泥路，不知道，为什么，也不知道，好日子是什么样的？请领导关心",
        "村支书把我家的低保取消了给了他亲戚，这公平吗？请查处。",
        "楼道里停满了电动车，这样下去什么时候才是个头？请领导给我们做主。",
        "违停严重，请问到底归哪个部门管？强烈要求整改！",
    ],
)
def test_a_question_that_only_complains_is_none(text: str) -> None:
    assert not BRIEFS.puts_question(text)
    assert BRIEFS.only_complains(text)


@pytest.mark.parametrize(
    "text",
    [
        "俺的社保断了三年你说能不能补",
        "孩子户口不在这边，想转学到兰山区，请问需要什么材料？希望能答复。",
        "身份证丢了号码也记不住，可不可以报名字查一下身份证号？",
        "物业费涨到两块八没跟业主商量，这样收费合法吗",
        "孩子不敢上学了怎么办",
        "我的退休证找不到了找单位单位说没人管然后我想问一下这个退休证能不能在网上补办需要什么手续啊",
        "俺娘七十多了腿不好想办个残疾证去哪里办都要带啥还有就是办下来有补助吗",
        "俺找镇上镇上说修到现在也没修你说气人不气人俺就想问问啥时候能修",
    ],
)
def test_a_true_question_stays_one(text: str) -> None:
    assert BRIEFS.puts_question(text)
    assert not BRIEFS.only_complains(text)


def test_what_holds_no_rhetoric_does_not_only_complain() -> None:
    assert not BRIEFS.only_complains("我的社保卡丢了")
