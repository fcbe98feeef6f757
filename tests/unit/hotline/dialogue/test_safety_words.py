"""Emergencies by their words: what rings at once, what is asked about, and what only sounds like one."""

from __future__ import annotations

import pytest

from hotline.city import read_yaml
from hotline.dialogue.safety_words import Alarm, SafetyWords
from hotline.domain.errors import CityConfigError
from tests.builders import LINYI

ROWS = read_yaml(LINYI / "lexicon" / "safety.yaml")
SAFETY = SafetyWords(ROWS)


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("我家着火了", "119"),
        ("找火了，快来", "119"),  # heard wrongly, and somebody is to hurry
        ("养鸡场着火了", "119"),  # a fire is one, whatever burns
        ("他要杀俺", "110"),
        ("俺媳妇羊水破了", "120"),  # no 羊
        ("快来着火了", "119"),  # without a sign it is read 来着
    ],
)
def test_what_is_certain_rings_at_once(text: str, service: str) -> None:
    found = SAFETY.emergency_in(text)
    assert found is not None
    assert (found.service.value, found.alarm) == (service, Alarm.CERTAIN)


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("俺的苹果都装车了", "122"),  # sounds like 撞车了
        ("俺的水泵掉井里了", "119"),
        ("俺家那几只羊不吃草，抽搐，死了俩了", "120"),
        ("俺家老屋房子塌了半年了", "119"),
        ("俺男人又打俺了，头都打破了", "110"),
        ("俺邻居让我打的，她男人老打她，她不敢说", "110"),
        ("他儿子拿着铁锨要砍俺", "110"),
        ("救救俺", "110"),
        ("俺娘找不着了，早上去赶集就没回来", "110"),
        ("俺刚叫人骗了，给转走了三万块钱", "110"),
        ("小孩掉大汪里了", "119"),
        ("柴火垛着了，快烧到俺屋了", "119"),
        ("俺儿媳妇喝药了，赶紧来人啊", "120"),
        ("嘴歪眼斜说不出话", "120"),
        ("隔壁反复爆炸，火很大", "119"),
        ("加油站爆炸好几次了，还在炸", "119"),
    ],
)
def test_what_may_be_one_is_asked_about(text: str, service: str) -> None:
    found = SAFETY.emergency_in(text)
    assert found is not None
    assert (found.service.value, found.alarm) == (service, Alarm.POSSIBLE)


@pytest.mark.parametrize(
    "text",
    [
        "俺庄自来水停了仨月了，俺腿脚不行，挑不动水",
        "我儿子出去找活了，老板不给钱",
        "上班路上被车撞了算吗",
        "着火了赔不赔",
        "他老打我电话催债",
        "那宅基地呢",
        "恁吃饭了没",
        "行吧，不说了",
        "不是，是我老婆的",
        "社保卡不见了",
        "能不能快点啊，我要上班迟到了",
        "没着火，就是怕",
    ],
)
def test_what_only_sounds_like_one_is_none(text: str) -> None:
    assert SAFETY.emergency_in(text) is None
    assert SAFETY.misheard_in(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "老房子塌了能翻盖不",
        "老房子塌了怎么翻盖",
        "心梗住院能报多少",
        "被人打了医保报不报",
        "出车祸了能报医保吗",
        "大出血医保报不",
        "抽搐能办残疾证不",
        "脑出血能申请慢病吗",
        "被车撞了谁出医药费",
    ],
)
def test_a_question_about_rules_is_no_emergency(text: str) -> None:
    assert (SAFETY.emergency_in(text), SAFETY.misheard_in(text)) == (None, None)


@pytest.mark.parametrize(
    ("text", "alarm"),
    [
        ("俺家老房子塌了，危房补助咋申请", Alarm.POSSIBLE),
        ("心梗医保咋办", Alarm.POSSIBLE),
        ("出车祸了，我有医保，快来人", Alarm.CERTAIN),
        ("出车祸了我有医保", Alarm.CERTAIN),
        ("俺爹心梗了，医保卡没带咋办，快来车", Alarm.CERTAIN),
        ("我妈晕倒了医保卡在哪", Alarm.CERTAIN),
        ("着火了怎么办", Alarm.CERTAIN),
        ("我家着火了保险丝烧了咋整", Alarm.CERTAIN),
        ("老房子塌了，里面有人", Alarm.CERTAIN),
    ],
)
def test_a_question_about_rules_beside_an_emergency_is_asked_about_and_insurance_alone_is_none(
    text: str, alarm: Alarm
) -> None:
    found = SAFETY.emergency_in(text)
    assert found is not None
    assert found.alarm is alarm


@pytest.mark.parametrize(
    ("text", "alarm"),
    [
        ("电视里说着火了不是我家我问一下医保怎么交", None),
        ("新闻里说着火了", None),
        ("手机上看到有人要跳楼", Alarm.POSSIBLE),
        ("我看新闻里说的那个煤气泄漏了就在我楼下", Alarm.POSSIBLE),
        ("电视着火了", Alarm.CERTAIN),
        ("直播间有人要喝农药", Alarm.CERTAIN),
    ],
)
def test_the_news_is_no_emergency_unless_more_is_said(text: str, alarm: Alarm | None) -> None:
    found = SAFETY.emergency_in(text)
    assert (found and found.alarm) is alarm


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("地里旱得冒烟了", None),
        ("俺嗓子都冒烟了", None),
        ("地都旱冒烟了", None),
        ("变压器热得冒烟了", "冒烟了"),
        ("旱厕冒烟了", "冒烟了"),
        ("煤气冒烟了", "冒烟了"),
        ("不是着火，是旱", None),
        ("不是着火了，是旱", None),
        ("是不是着火了", "着火了"),
        ("我家不是着火了嘛", "着火了"),
        ("不是着火，是电梯困人", "电梯困人"),
    ],
)
def test_a_figure_of_speech_and_what_is_denied_are_no_fire(text: str, word: str | None) -> None:
    found = SAFETY.emergency_in(text)
    assert (found and found.word) == word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("就留我的电话", None),
        ("就留俺电话吧", None),
        ("就记我的手机号", None),
        ("就打我这个电话联系", None),
        ("有事就打俺现在这个号", None),
        ("就打我老婆的电话", None),
        ("他就打我老婆", "打我老婆"),
        ("他打我，你留我的电话", "他打我"),
        ("儿子打我，家里的电话线都扯断了", "儿子打我"),
        ("救救我，打我这个电话", "救救我"),
    ],
)
def test_where_somebody_is_to_be_reached_raises_no_alarm(text: str, word: str | None) -> None:
    found = SAFETY.emergency_in(text) or SAFETY.misheard_in(text)
    assert (found and found.word) == word


@pytest.mark.parametrize(
    "text",
    [
        "我被他们关在屋里了出不来",
        "有人把我锁屋里不让出去",
        "美容院不交钱不让我走，把门都锁了",
        "我来要账，他们七八个人把我围住了不让走",
        "老板欠我工资，把俺锁在办公室里不让俺走",
        "工地老板不让我们走，把大门锁了，身份证也给收了",
        "老人被儿子锁在屋里不让出来",
    ],
)
def test_who_is_kept_from_leaving_is_asked_about(text: str) -> None:
    found = SAFETY.emergency_in(text)
    assert found is not None
    assert (found.service.value, found.alarm) == ("110", Alarm.POSSIBLE)


@pytest.mark.parametrize(
    "text",
    [
        "保安把小区门锁了不让车进",
        "物业把大门锁了不让我们走西门",
        "学校不让家长进",
        "公司不让我走",
        "公司把我档案扣着，不让我走",
        "俺家狗被他们关在屋里出不来",
        "有人停车把我堵在车位里出不来",
        "前年老板把我锁在办公室里不让我走",
    ],
)
def test_gates_and_notices_hold_nobody(text: str) -> None:
    assert SAFETY.emergency_in(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "外地老人也行不",
        "外地老人也能办不",
        "孩子的证也丢了",
        "孩子也住校",
        "入职要体检不",
        "办了这个孩子能上学不",
        "一个人在家太闷了",
        "你们给王大军打电话13905391234",
    ],
)
def test_a_short_word_beside_is_no_misheard_cry(text: str) -> None:
    assert (SAFETY.emergency_in(text), SAFETY.misheard_in(text)) == (None, None)


@pytest.mark.parametrize(
    "text", ["孩子噎着了", "孩子噎住了脸都紫了", "孩子喝了洁厕灵", "车里锁着个孩子", "他要跳将"]
)
def test_who_chokes_or_is_locked_in_is_still_heard(text: str) -> None:
    assert SAFETY.emergency_in(text) is not None


@pytest.mark.parametrize(
    ("text", "is_urgent"),
    [
        ("不是着火，是旱", False),
        ("没火，是天旱", False),
        ("不是，就是热", False),
        ("无", False),
        ("无法呼吸", None),
        ("不是吗", None),
        ("不是着火，是冒烟", None),
        ("不是火，是有人晕倒", None),
        ("不是刚说了吗，快来", True),
        ("什么危险？", None),
        ("紧急", True),
        ("危险啊，咋不危险", True),
        ("恁快点吧俺求求恁了", True),
        ("不用，没事了", False),
        ("现在没有", False),
        ("现在不用", False),
        ("就是刚才", True),
        ("去打针了，打完了", False),
        ("俺不知道咋办啊", None),
    ],
)
def test_an_answer_says_whether_it_is_urgent(text: str, is_urgent: bool | None) -> None:
    assert SAFETY.is_urgent(text) is is_urgent


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("有人拿着菜刀追人", "110"),
        ("俺手机叫人抢走了", "110"),
        ("有个人把俺包抢跑了", "110"),
        ("血淌得止不住", "120"),
        ("老头从梯子上摔下来，头磕破了直淌血", "120"),
        ("俺老娘有老年痴呆，从早上出去到现在没回来", "110"),
        ("孩子在超市走散了找不着了", "110"),
        ("塔吊上站着个人说不给钱就跳", "110"),
        ("四楼窗台上趴着个小孩", "110"),
        ("老屋塌了，里头还有人", "119"),
        ("水漫进屋里了，老人出不来", "119"),
        ("管道挖断了天然气呲呲往外冒", "119"),
        ("孩子发烧抽风了", "120"),
        ("隔壁着了", "119"),
        ("俺男人掐我脖子", "110"),
        ("有人叫电打了", "120"),
        ("有孩子落水", "119"),
        ("小孩跑丢了", "110"),
        ("俺娘一头栽倒了", "120"),
        ("孩子吃了耗子药", "120"),
    ],
)
def test_words_that_tell_of_an_emergency_together_are_asked_about(text: str, service: str) -> None:
    found = SAFETY.emergency_in(text)
    assert found is not None
    assert (found.service.value, found.alarm) == (service, Alarm.POSSIBLE)


@pytest.mark.parametrize(
    "text",
    [
        "楼顶站着工人施工",
        "我爸出去打工到现在没回来",
        "孩子的学籍卡找不着了",
        "俺家狗跑丢了",
        "落水管坏了",
        "楼顶上天天有人跳绳",
        "屋里孩子睡着了",
        "承包地让人抢走了",
        "老屋塌了，里面没有人",
        "视频里有人拿着菜刀追人",
        "孩子丢了学生证咋补",
        "孩子丢了户口本还能上学吗",
        "车胎爆炸了能不能退",
        "充电宝爆炸了怎么维权",
        "俺老伴心梗住过院，药费咋报",
        "暖气管爆了",
        "煤气罐过期了",
        "在饭店吃坏了肚子",
        "有人打电话骚扰我",
        "老人都冻感冒了",
    ],
)
def test_what_only_holds_such_words_is_none(text: str) -> None:
    assert (SAFETY.emergency_in(text), SAFETY.misheard_in(text)) == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        "老人走失了要等二十四小时才能报警吗",
        "消防通道堵了，着火了消防车都进不来",
        "楼道堆杂物，着火了谁负责",
        "煤气中毒了应该怎么办，想了解一下",
        "有人给我打电话说我孩子出车祸了，是不是骗子",
    ],
)
def test_what_is_asked_or_passed_on_is_asked_about(text: str) -> None:
    found = SAFETY.emergency_in(text)
    assert found is not None
    assert found.alarm is Alarm.POSSIBLE


@pytest.mark.parametrize("text", ["孩子丢了", "家里着火了，消防车进不来，快来", "充电宝爆炸了", "老人走失了"])
def test_the_same_without_a_question_rings_still(text: str) -> None:
    found = SAFETY.emergency_in(text)
    assert found is not None
    assert found.alarm is Alarm.CERTAIN


@pytest.mark.parametrize(
    "text",
    [
        "报警了没人来",
        "打了120了还没来",
        "已经没脉搏了",
        "刚抽过去了",
        "没有意识了",
        "没有反应了",
        "已经没气了",
        "没有好转，越来越疼了",
        "没有办法了恁快来吧",
        "没有人来救我，他们还在打",
        "没有用，他还在砸门",
        "去医院了也没用还在流血",
        "别转了你们直接来",
        "不用问了快来",
        "这还不紧急啊",
        "你说危险不危险",
        "再不来就危险了",
        "必须的",
        "快",
    ],
)
def test_a_no_within_words_of_danger_is_none(text: str) -> None:
    assert SAFETY.is_urgent(text) is True


@pytest.mark.parametrize(
    "text",
    [
        "没有没有，就是天天冒，蒸汽似的",
        "现在没味了",
        "刚才有，现在散了",
        "不是很危险",
        "也不算危险",
        "谈不上紧急，就是烧纸的味",
        "现在警察到了",
        "人家警察正在处理",
        "救护车正在路上",
        "开锁公司正在来的路上",
        "现在看着小了",
        "赶紧找电工来修，转119干啥",
        "危险已经排除了",
        "刚刚灭了",
        "已经叫120了",
        "打了120了",
        "洗过胃了",
        "早跑了",
        "没有人受伤",
        "救上来了，没事",
    ],
)
def test_what_is_over_or_looked_after_is_not_urgent(text: str) -> None:
    assert SAFETY.is_urgent(text) is False


@pytest.mark.parametrize(
    "text",
    [
        "没有大人在家",
        "火没有灭",
        "有没有危险我不知道",
        "孩子让人拉走了",
        "不用管我先救我娘",
        "还没灭",
        "没散呢",
        "没找着呢",
        "不知道严不严重",
        "我现在想问医保",
        "警察来了也管不了",
        "他又回来了",
        "拉开了，就是头上流血了",
    ],
)
def test_what_is_not_over_is_no_denial(text: str) -> None:
    assert SAFETY.is_urgent(text) is None


@pytest.mark.parametrize(
    ("text", "is_danger"),
    [
        ("打得厉害，都见血了", True),
        ("窗户里都能看见火苗子了，烟也大", True),
        ("他喝醉了在外头踹门呢，我不敢开门", True),
        ("有个小孩碰上去不动弹了，你们快想想法", True),
        ("脸色煞白直冒汗，话都说不成个了", True),
        ("拉开了，就是头上流血了", True),
        ("就是楼下烧纸冒的烟", False),
        ("他是昨天晚上打我的", False),
        ("我想咨询一下医保卡里头晕的药能不能买", False),
        ("不是着火，是冒烟", False),
        ("俺不知道咋办啊", False),
    ],
)
def test_an_answer_may_describe_the_danger(text: str, is_danger: bool) -> None:
    assert SAFETY.tells_of_danger(text) is is_danger


@pytest.mark.parametrize(
    ("text", "spoken", "written"),
    [
        ("下水道到现在还是臭气熏天", None, None),  # sounds like 尸臭
        ("现在找火了", Alarm.POSSIBLE, Alarm.POSSIBLE),
        ("找火了，快来", Alarm.CERTAIN, Alarm.POSSIBLE),
        ("着火了，快来", Alarm.CERTAIN, Alarm.CERTAIN),
        ("俺家着火了到现在没人来", Alarm.CERTAIN, Alarm.CERTAIN),
        ("屋里冒烟，到现在没停", Alarm.POSSIBLE, Alarm.POSSIBLE),
    ],
)
def test_what_only_sounds_like_one_is_at_most_asked_about_in_writing_and_now_makes_it_no_surer(
    text: str, spoken: Alarm | None, written: Alarm | None
) -> None:
    heard = SAFETY.emergency_in(text), SAFETY.emergency_in(text, is_spoken=False)
    assert tuple(found and found.alarm for found in heard) == (spoken, written)


def test_a_letter_is_not_searched_by_sound() -> None:
    text = "交房的日子一拖再拖，从去年说到今年，开发商说哪里拿到字据哪里交房，我们几十户都在等消息，请查一查"
    assert SAFETY.emergency_in(text) is not None  # sounds like 拿刀子
    assert SAFETY.emergency_in(text, is_spoken=False) is None


@pytest.mark.parametrize(
    "text",
    [
        "路口没有斑马线，行人多次发生交通事故，请画上斑马线",
        "俺正吃着火锅呢",
        "坐着火车去济南",
        "路灯从未开启过，业主多次发生交通事故",
        "这个路口发生车祸好几次了",
        "小区经常出现电梯困人事件",
        "电梯多次困人",
        "变压器老是起火",
        "如果货车出现自燃，发生爆炸，后果不堪设想，请管一管",
        "楼道堵着，一旦着火消防车进不来",
        "2018年10月弱电井起火，到现在楼里还没有手机信号",
        "2013年5月19日，在路上遭遇车祸，花了十万",
    ],
)
def test_what_often_happens_is_supposed_or_long_past_is_none(text: str) -> None:
    assert (SAFETY.emergency_in(text), SAFETY.misheard_in(text)) == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        "这里经常出车祸，刚才又出车祸了",
        "老是着火现在又着火了",
        "打了好几次没人接，着火了",
        "如果孩子不要紧，我家着火了",
        "要是能来就来，厂房着火了",
        "要是再不管，我要跳楼",
        "否则我要跳楼",
        "他多次要自杀",
        "路口发生交通事故",
        "我家2018年10月买的车着火了",
        "小区经常停电，变压器着火了",
    ],
)
def test_what_has_happened_now_rings_whatever_is_said_beside_it(text: str) -> None:
    found = SAFETY.emergency_in(text)
    assert found is not None
    assert found.alarm is Alarm.CERTAIN


def test_what_a_date_is_told_of_is_asked_about() -> None:
    found = SAFETY.emergency_in("2026年11月30日晚上启阳路出车祸了")
    assert found is not None
    assert found.alarm is Alarm.POSSIBLE


@pytest.mark.parametrize(
    "text",
    [
        "雨下大起来了路上积水排不出去",
        "KTV吵死人警察来了声音就小了走了又大起来了",
        "跳楼价卖房子骗人的现在不退定金",
        "说是跳楼价结果比别家还贵",
    ],
)
def test_other_words_with_the_characters_or_the_sound_of_a_cry_are_none(text: str) -> None:
    assert (SAFETY.emergency_in(text), SAFETY.misheard_in(text)) == (None, None)


@pytest.mark.parametrize(
    "text",
    ["有人大起来了", "两口子打起来了", "以前老吵架今天打起来了", "俺爹以前得过脑梗今天又不中了叫不醒了"],
)
def test_a_fight_that_was_misheard_rings_and_what_was_before_takes_nothing_from_today(text: str) -> None:
    found = SAFETY.emergency_in(text)
    assert found is not None
    assert found.alarm is Alarm.CERTAIN


STORY = "同志你好我是幸福小区的我上次就反映过楼道堆杂物你们也没人管"


@pytest.mark.parametrize(
    ("text", "spoken", "written"),
    [
        (f"{STORY}现在可好了楼下着了好大的烟啊", Alarm.POSSIBLE, None),
        (f"{STORY}刚才一辆大货车把一个骑电动车的老太太给压车底下了", Alarm.POSSIBLE, None),
        (f"去年他就这样{STORY}今天他又在打孩子呢", Alarm.POSSIBLE, None),
        (f"去年他就这样{STORY}那时候他天天在打孩子", None, None),
        ("前年修路塌方埋了两个人后来村里赔了钱这个路就一直没修好到现在坑坑洼洼的没法走", None, None),
        (f"我被电动车轧着腿了{STORY}走廊灯也不亮绿化也没人浇水物业费还涨价", None, None),
    ],
)
def test_a_long_story_by_telephone_is_read_where_it_arrives(
    text: str, spoken: Alarm | None, written: Alarm | None
) -> None:
    heard = SAFETY.emergency_in(text), SAFETY.emergency_in(text, is_spoken=False)
    assert tuple(found and found.alarm for found in heard) == (spoken, written)


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("如果再没人来管我今天就从这楼上跳下去", "110"),
        ("如果没人来管我就从楼上跳下去", "110"),
        ("如果再不来人孩子就没命了", "120"),
        ("要是再不来救俺娘就不行了", "120"),
        ("去年就说那个墙要倒没人管今天真倒了砸着人了", "119"),
        ("经常漏气上次修了没修好今天屋里味大得很头都晕了", "119"),
        ("有人跟着我我害怕", "110"),
        ("楼要塌了我害怕", "119"),
    ],
)
def test_a_threat_a_plea_and_fear_suppose_nothing(text: str, service: str) -> None:
    found = SAFETY.emergency_in(text)
    assert found is not None
    assert (found.service.value, found.alarm) == (service, Alarm.POSSIBLE)


@pytest.mark.parametrize(
    "text",
    [
        "如果没人修路灯我就打市长热线",
        "如果着火了怎么办",
        "要是再不来人地里的菜就不行了",
        "我怕着火",
        "我害怕房子要塌",
        "去年孩子丢了今天找到了",
        "我去年出车祸今天来问伤残怎么评",
        "以前打过架今天来问问",
    ],
)
def test_what_is_supposed_feared_or_past_is_none(text: str) -> None:
    assert (SAFETY.emergency_in(text), SAFETY.misheard_in(text)) == (None, None)


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("脸都憋紫了", "120"),
        ("脸憋得发紫", "120"),
        ("叫电给打了", "120"),
        ("刚刚叫人抢了包", "110"),
        ("有人在俺家放火", "110"),
        ("狗把小孩咬了脸上全是血", "120"),
        ("孩子放学没回来找了一下午都没找着", "110"),
        ("人贩子把小孩抱走了刚往北跑", "110"),
        ("孩子吃了果冻卡住了脸都憋紫了", "120"),
        ("挖沟塌方了俺工友埋里头了", "119"),
        ("土方塌了埋了两个人", "119"),
        ("有人埋在土里了", "119"),
        ("压车底下了", "119"),
        ("车撞树上了人卡在里头", "119"),
        ("嘴也歪了半边身子动不了", "120"),
        ("电梯停在半空了我在里面", "119"),
        ("电梯门打不开我们在里面", "119"),
        ("电梯卡在七楼半了俺跟俺孙子在里头", "119"),
        ("我在里面呢电梯不动了", "119"),
        ("我女儿留了遗书人不见了", "110"),
        ("我儿给我发信息说妈对不起你下辈子再孝敬你打电话也不接", "110"),
        ("俺家那小子在河里洗澡到现在没上来", "119"),
        ("有个人游泳沉下去了", "119"),
        ("碰着那个高压线了躺那不动了", "120"),
        ("俺男人拿着汽油说要点了房子", "110"),
        ("俺对象喝了酒又打人我躲在厕所里给你打的", "110"),
        ("俺爹叫也叫不应嘴都紫了", "120"),
        ("喊不应", "120"),
        ("俺娘不中了快来人", "120"),
        ("骑车摔沟里了腿断了动不了", "120"),
        ("叫长虫咬了", "120"),
        ("烧炭烧的俺一家人头疼恶心站不起来", "119"),
        ("门反锁了孩子一岁半自己在屋里炉子上还煮着锅", "119"),
        ("幼儿园好几个孩子上吐下泻送医院了", "120"),
        ("电瓶车在楼道里充电炸了现在全是烟我们下不去", "119"),
    ],
)
def test_who_and_what_in_one_breath_are_asked_about(text: str, service: str) -> None:
    found = SAFETY.emergency_in(text)
    assert found is not None
    assert (found.service.value, found.alarm) == (service, Alarm.POSSIBLE)


@pytest.mark.parametrize(
    "text",
    [
        "嘴唇发紫能办慢病吗",
        "邻居放火烧秸秆",
        "孩子学籍证找了一下午都没找着",
        "孩子吃饭卡住了系统没扣钱",
        "有人把坟埋在我家地里",
        "老人埋在土里了还收管理费",
        "水管压车底下了",
        "我的车卡在车位里出不来",
        "俺爹偏瘫半边身子动不了能办残疾证吗",
        "电梯坏了三天了孩子上学爬楼",
        "电梯坏了广告还在里面放",
        "遗书怎么公证",
        "下辈子再也不找你们了",
        "我在河里洗澡有人管吗",
        "汽油又涨价了要点说法",
        "孩子被打了躲在家里不敢上学",
        "村干部打电话喊不应",
        "俺腿断了三年了动不了没有低保",
        "烧烤店油烟大熏得头疼恶心",
        "天然气开户跑了几趟头疼",
        "电瓶车炸了怎么维权",
        "老人一生的心血，一直流传至今",
    ],
)
def test_what_only_holds_words_of_both_is_none(text: str) -> None:
    assert (SAFETY.emergency_in(text), SAFETY.misheard_in(text)) == (None, None)


def test_a_word_list_that_is_missing_is_named() -> None:
    with pytest.raises(CityConfigError, match="of_another"):
        SafetyWords({name: rows for name, rows in ROWS.items() if name != "of_another"}, file="safety.yaml")
