"""SIP through pjsua2: the endpoint that answers and places calls, and its lines."""

from ivr.sip.endpoint import Dialled, SipEndpoint
from ivr.sip.line import SipLine
from ivr.sip.pace import PaceSettings
from ivr.sip.settings import BUSY, Arrival, Reception, SipSettings, SipUnavailableError

__all__ = [
    "BUSY",
    "Arrival",
    "Dialled",
    "PaceSettings",
    "Reception",
    "SipEndpoint",
    "SipLine",
    "SipSettings",
    "SipUnavailableError",
]
