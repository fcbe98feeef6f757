"""RFC 4475 section 3.1.2: messages that are wrong. ``VIA`` is where answers are to go."""

from __future__ import annotations

from tests.telephony.torture_form import (
    CUT,
    DROPPED,
    EXTENSIONS,
    FIRST_COUNTS,
    HEADERS_IN_ADDRESS,
    NO_REGISTRAR,
    OLD,
    SOUND,
    TOLERANT,
    UNKNOWN_METHOD,
    TortureMessage,
    sip,
)  # fmt: skip


def _invite(
    name: str, *, line: str = "", contact: str = "", drop: str = "", cseq: str = "0 INVITE",
    to: str = "sip:j.user@example.com", sender: str = "sip:caller@example.net;tag=134161461246",
    length: str = "BODY", extra: tuple[str, ...] = (), body: str = SOUND,
) -> bytes:  # fmt: skip
    headers = {
        "To": to, "From": sender, "Max-Forwards": "7", "Call-ID": f"{name}.0ha0isndaksdj0234sxdfl3", "CSeq": cseq,
        "Via": f"SIP/2.0/UDP VIA;branch=z9hG4bK{name}", "Contact": contact or "<sip:caller@host5.example.net>",
        "Content-Type": "application/sdp", "Content-Length": length,
    }  # fmt: skip
    headers.pop(drop, None)
    written = [f"{key}: {value}" for key, value in headers.items()]
    return sip(line or "INVITE sip:user@example.com SIP/2.0", *written, *extra, body=body)


def _small(method: str, name: str, **given: str) -> bytes:
    line = given.pop("line", f"{method} sip:user@example.com SIP/2.0")
    headers = {
        "To": "sip:j.user@example.com", "From": "sip:caller@example.org;tag=33242", "Max-Forwards": "3",
        "Call-ID": f"{name}.0ha0isndaksdj", "CSeq": f"8 {method}",
        "Via": f"SIP/2.0/UDP VIA;branch=z9hG4bK{name}", "l": "0",
    }  # fmt: skip
    headers |= {key.replace("_", "-"): value for key, value in given.items()}
    return sip(line, *(f"{key}: {value}" for key, value in headers.items()))


INVALID = (
    TortureMessage(
        "3.1.2.1", "badinv01", "separators with nothing between", verdict=None, safe=DROPPED,
        message=_invite(
            "badinv01", sender='"Joe" <sip:caller@example.net>;;;;tag=1234',
            contact='"Joe" <sip:joe@example.org>;;;;', extra=("Via: SIP/2.0/UDP 192.0.2.15;;,;,,",),
        ),
    ),
    TortureMessage(
        "3.1.2.2", "clerr", "Content-Length beyond the message's end", verdict=200, safe=CUT,
        message=_invite("clerr", length="9999"),
    ),
    TortureMessage(
        "3.1.2.3", "ncl", "negative Content-Length", verdict=None, safe=DROPPED, message=_invite("ncl", length="-999")
    ),
    TortureMessage(
        "3.1.2.4", "scalar02", "numbers that are too large", verdict=None, safe=DROPPED,
        message=sip(
            "REGISTER sip:example.com SIP/2.0",
            "Via: SIP/2.0/UDP VIA;branch=z9hG4bKlmnoscalar02",
            "To: <sip:user@example.com>",
            "From: <sip:user@example.com>;tag=239232jh3",
            "CSeq: 36893488147419103232 REGISTER",
            "Call-ID: scalar02.23o0pd9vanlq3wnrlnewofjas9ui32",
            "Max-Forwards: 300",
            "Expires: 1" + "0" * 100,
            "Contact: <sip:user@host129.example.com>\n  ;expires=280297596632815",
            "Content-Length: 0",
        ),
    ),
    TortureMessage(
        "3.1.2.5", "scalarlg", "an answer with numbers that are too large", verdict=None,
        message=sip(
            "SIP/2.0 503 Service Unavailable",
            "Via: SIP/2.0/UDP VIA;branch=z9hG4bKzzxdiwo34sw;received=192.0.2.129",
            "To: <sip:user@example.com>",
            "From: <sip:other@example.net>;tag=2easdjfejw",
            "CSeq: 9292394834772304023312 OPTIONS",
            "Call-ID: scalarlg.noase0of0234hn2qofoaf0232aewf2394r",
            "Retry-After: 949302838503028349304023988",
            'Warning: 1812 overture "In Progress"',
            "Content-Length: 0",
        ),
    ),
    TortureMessage(
        "3.1.2.6", "quotbal", "a quotation that does not end", verdict=None, safe=DROPPED,
        message=_invite("quotbal", to='"Mr. J. User <sip:j.user@example.com>'),
    ),
    TortureMessage(
        "3.1.2.7", "ltgtruri", "brackets around the address that is called", verdict=None, safe=DROPPED,
        message=_invite("ltgtruri", line="INVITE <sip:user@example.com> SIP/2.0"),
    ),
    TortureMessage(
        "3.1.2.8", "lwsruri", "a space in the address that is called", verdict=None, safe=DROPPED,
        message=_invite("lwsruri", line="INVITE sip:user@example.com; lr SIP/2.0"),
    ),
    TortureMessage(
        "3.1.2.9", "lwsstart", "several spaces in the first line", verdict=200, safe=TOLERANT,
        message=_invite("lwsstart", line="INVITE  sip:user@example.com  SIP/2.0"),
    ),
    TortureMessage(
        "3.1.2.10", "trws", "spaces at the end of the first line", verdict=200, safe=TOLERANT,
        message=_small("OPTIONS", "trws", line="OPTIONS sip:remote-target@example.com SIP/2.0  "),
    ),
    TortureMessage(
        "3.1.2.11", "escruri", "headers inside the address that is called", verdict=200, safe=HEADERS_IN_ADDRESS,
        message=_invite(
            "escruri", line="INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0"
        ),
    ),
    TortureMessage(
        "3.1.2.12", "baddate", "a date in a time zone that is not allowed", verdict=200, safe=TOLERANT,
        message=_invite("baddate", extra=("Date: Fri, 01 Jan 2010 16:00:00 EST",)),
    ),
    TortureMessage(
        "3.1.2.13", "regbadct", "an address with headers but without brackets", verdict=None, safe=NO_REGISTRAR,
        message=_small(
            "REGISTER", "regbadct", Contact="sip:user@example.com?Route=%3Csip:sip.example.com%3E"
        ),
    ),
    TortureMessage(
        "3.1.2.14", "badaspec", "spaces inside an address", verdict=200, safe=TOLERANT,
        message=_small("OPTIONS", "badaspec", To='"Watson, Thomas" < sip:t.watson@example.org >'),
    ),
    TortureMessage(
        "3.1.2.15", "baddn", "a name with characters that need quotation marks", verdict=200, safe=TOLERANT,
        message=_small("OPTIONS", "baddn", From="Bell, Alexander <sip:a.g.bell@example.com>;tag=43"),
    ),
    TortureMessage(
        "3.1.2.16", "badvers", "a protocol version that does not exist", verdict=None, safe=DROPPED,
        message=sip(
            "OPTIONS sip:t.watson@example.org SIP/7.0",
            "Via:     SIP/7.0/UDP VIA;branch=z9hG4bKkdjuwbadvers",
            "Max-Forwards:     70",
            "From:    A. Bell <sip:a.g.bell@example.com>;tag=qweoiqpe",
            "To:      T. Watson <sip:t.watson@example.org>",
            "Call-ID: badvers.31417@c.example.com",
            "CSeq:    1 OPTIONS",
            "l: 0",
        ),
    ),
    TortureMessage(
        "3.1.2.17", "mismatch01", "another method in CSeq", verdict=None, safe=DROPPED,
        message=_small("OPTIONS", "mismatch01", CSeq="8 INVITE"),
    ),
    TortureMessage(
        "3.1.2.18", "mismatch02", "an unknown method, another in CSeq", verdict=None, safe=UNKNOWN_METHOD,
        message=_small("NEWMETHOD", "mismatch02", CSeq="8 INVITE"),
    ),
    TortureMessage(
        "3.1.2.19", "bigcode", "an answer with a status that is too large", verdict=None,
        message=sip(
            "SIP/2.0 4294967301 better not break the receiver",
            "Via: SIP/2.0/UDP VIA;branch=z9hG4bK2398ndaoebig",
            "Call-ID: bigcode.asdof3uj203asdnf3429uasdhfas3ehjasdfas9i",
            "CSeq: 353494 INVITE",
            "From: <sip:user@example.com>;tag=39ansfi3",
            "To: <sip:user@example.edu>;tag=902jndnke3",
            "Content-Length: 0",
            "Contact: <sip:user@host105.example.com>",
        ),
    ),
)  # fmt: skip

LAYERS = (
    TortureMessage(
        "3.2.1", "badbranch", "the magic cookie alone is no transaction identifier", verdict=200,
        message=_small("OPTIONS", "badbranch", Via="SIP/2.0/UDP VIA;branch=z9hG4bK"),
    ),
    TortureMessage(
        "3.3.1", "insuf", "no Call-ID, From, To", verdict=None, safe=DROPPED,
        message=sip(
            "INVITE sip:user@example.com SIP/2.0",
            "CSeq: 193942 INVITE",
            "Via: SIP/2.0/UDP VIA;branch=z9hG4bKkdj.insuf",
            "Content-Type: application/sdp",
            "l: BODY",
            body=SOUND,
        ),
    ),
    TortureMessage(
        "3.3.2", "unkscm", "an address of an unknown scheme is called", verdict=None, safe=DROPPED,
        message=_small("OPTIONS", "unkscm", line="OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0"),
    ),
    TortureMessage(
        "3.3.3", "novelsc", "an address of another protocol is called", verdict=None, safe=DROPPED,
        message=_small("OPTIONS", "novelsc", line="OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0"),
    ),
    TortureMessage(
        "3.3.4", "unksm2", "unknown schemes in headers", verdict=None, safe=NO_REGISTRAR,
        message=_small(
            "REGISTER", "unksm2", line="REGISTER sip:example.com SIP/2.0", To="isbn:2983792873",
            From="<http://www.example.com>;tag=3234233", Contact="<name:John_Smith>",
        ),
    ),
    TortureMessage(
        "3.3.5", "bext01", "extensions are demanded that nobody has", verdict=200, safe=EXTENSIONS,
        message=_small(
            "OPTIONS", "bext01", Require="nothingSupportsThis, nothingSupportsThisEither",
            Proxy_Require="noProxiesSupportThis, norDoAnyProxiesSupportThis",
        ),
    ),
    TortureMessage(
        "3.3.6", "invut", "a body of an unknown type", verdict=415,
        message=_invite(
            "invut", drop="Content-Type", extra=("Content-Type: application/unknownformat",), body="<audio>\n <pcmu/>\n</audio>\n"
        ),
    ),
    TortureMessage(
        "3.3.7", "regaut01", "an unknown way to authorise", verdict=None, safe=NO_REGISTRAR,
        message=_small(
            "REGISTER", "regaut01", line="REGISTER sip:example.com SIP/2.0",
            Authorization="NoOneKnowsThisScheme opaque-data=here",
        ),
    ),
    TortureMessage(
        "3.3.8", "multi01", "several values where one is allowed", verdict=200, safe=FIRST_COUNTS,
        message=_invite(
            "multi01",
            extra=(
                "CSeq: 59 INVITE", "Call-ID: multi01.98asdh@192.0.2.1", "Call-ID: multi01.98asdh@192.0.2.2",
                "From: sip:other@example.com;tag=6", "To: sip:third@example.com", "Max-Forwards: 5",
            ),
        ),
    ),
    TortureMessage(
        "3.3.9", "mcl01", "two values of Content-Length", verdict=200, safe=FIRST_COUNTS,
        message=_small("OPTIONS", "mcl01", l="13", Content_Length="5") + b"There's no way to know how many octets\r\n",
    ),
    TortureMessage(
        "3.3.10", "bcast", "an answer that would go to everybody", verdict=None,
        message=sip(
            "SIP/2.0 200 OK",
            "Via: SIP/2.0/UDP VIA;branch=z9hG4bK-a111",
            "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23",
            "Call-ID: bcast.0384840201234ksdfak3j2erwedfsASdf",
            "CSeq: 35 INVITE",
            "From: sip:user@example.com;tag=11141343",
            "To: sip:user@example.edu;tag=2229",
            "Content-Length: BODY",
            "Content-Type: application/sdp",
            "Contact: <sip:user@host28.example.com>",
            body=SOUND,
        ),
    ),
    TortureMessage(
        "3.3.11", "zeromf", "no hop is left", verdict=200,
        message=_small("OPTIONS", "zeromf", Max_Forwards="0"),
    ),
    TortureMessage(
        "3.3.12", "cparam01", "a parameter that belongs to Contact", verdict=None, safe=NO_REGISTRAR,
        message=_small("REGISTER", "cparam01", Contact="sip:+19725552222@gw1.example.net;unknownparam"),
    ),
    TortureMessage(
        "3.3.13", "cparam02", "a parameter that belongs to the address", verdict=None, safe=NO_REGISTRAR,
        message=_small("REGISTER", "cparam02", Contact="<sip:+19725552222@gw1.example.net;unknownparam>"),
    ),
    TortureMessage(
        "3.3.14", "regescrt", "a registered address with a header in it", verdict=None, safe=NO_REGISTRAR,
        message=_small(
            "REGISTER", "regescrt", Contact="<sip:user@example.com?Route=%3Csip:sip.example.com%3E>"
        ),
    ),
    TortureMessage(
        "3.3.15", "sdp01", "an answer is wanted in a form that nobody has", verdict=200, safe=TOLERANT,
        message=_invite("sdp01", extra=("Accept: text/nobodyKnowsThis",)),
    ),
    TortureMessage(
        "3.4.1", "inv2543", "an INVITE as of RFC 2543", verdict=400, safe=OLD,
        message=sip(
            "INVITE sip:UserB@example.com SIP/2.0",
            "Via: SIP/2.0/UDP VIA",
            "Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>",
            "From: sip:caller@example.net",
            "To: sip:UserB@example.com",
            "Call-ID: inv2543.1717@ift.client.example.com",
            "CSeq: 56 INVITE",
            "Content-Type: application/sdp",
            body=SOUND,
        ),
    ),
)  # fmt: skip
