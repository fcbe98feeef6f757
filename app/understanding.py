from hotline.domain.appeal import *
from hotline.domain.meaning import *


class Tmp:
    name = "tmp"

    def __init__(s, city):
        s.city = city

    async def understand(s, text):
        best = None
        for c in s.city.categories.values():
            n = sum(k in text for k in c.keywords)
            if n and (best is None or n > best[0]):
                best = (n, c)
        place = None
        for st in s.city.streets.values():
            if st.name in text:
                place = Place(
                    said=text,
                    county_code=st.county_code,
                    county=s.city.counties[st.county_code].name,
                    street_code=st.code,
                    street=st.name,
                )
        if place is None:
            for c in s.city.counties.values():
                if c.name in text:
                    place = Place(said=text, county_code=c.code, county=c.name)
        if best is None:
            return Understanding(text, Intent.UNKNOWN, 0.5, "tmp", slots=Slots(place=place))
        kind = AppealKind.INQUIRY if ("？" in text or "什么" in text or "怎么" in text) else AppealKind.HELP
        return Understanding(
            text,
            Intent.APPEAL,
            0.9,
            "tmp",
            kind=kind,
            category=best[1].code,
            category_confidence=0.9,
            slots=Slots(place=place),
            urgency=best[1].urgency,
        )

    async def close(s):
        pass


async def open_understander(settings, city, stack):
    return Tmp(city)


async def train_understanders(*a):
    pass
