"""How many call processes a number of callers needs, where they listen, and what Kamailio is told of them."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from app.settings import Settings
from app.telephone_exchange import (
    ExchangeError,
    callers_per_process,
    dispatcher_list,
    kamailio_config,
    kamailio_program,
    plan,
)


def settings(**given: Any) -> Settings:
    return Settings(**{"sip_port": 5_060, "data_dir": Path("/srv/hotline"), **given})


@pytest.mark.parametrize(("capacity", "callers"), [(1, 1), (2, 1), (4, 3), (8, 6), (512, 384)])
def test_legs_are_kept_free_for_transfers(capacity: int, callers: int) -> None:
    assert callers_per_process(capacity) == callers


def test_without_a_number_one_process_listens_itself() -> None:
    whole = settings()
    exchange = plan(whole, 4)
    assert (exchange.processes, exchange.is_dispatched) == ((whole,), False)


def test_what_one_process_can_take_needs_no_kamailio() -> None:
    exchange = plan(settings(calls=3), 4)
    assert exchange.is_dispatched is False
    assert [(each.sip_port, each.max_calls) for each in exchange.processes] == [(5_060, 3)]


def test_more_callers_are_shared_out_evenly_on_ports_of_their_own() -> None:
    exchange = plan(settings(calls=8, sip_host="10.1.0.5", trunks=["10.1.2.0/24"]), 4)
    assert exchange.is_dispatched is True
    assert [
        (each.call_process, each.sip_port, each.rtp_port, each.max_calls) for each in exchange.processes
    ] == [("ivr-1", 15_060, 42_000, 3), ("ivr-2", 15_061, 42_200, 3), ("ivr-3", 15_062, 42_400, 2)]
    assert {network for each in exchange.processes for network in each.trunks} == {IPv4Network("10.1.0.5/32")}


def test_a_larger_library_is_used_to_the_full() -> None:
    assert [each.max_calls for each in plan(settings(calls=100), 512).processes] == [100]


def test_the_limit_of_a_process_that_is_set_is_kept() -> None:
    assert [each.max_calls for each in plan(settings(calls=4, max_calls=2), 4).processes] == [2, 2]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"sip_host": "0.0.0.0"}, "多路电话需要一个确定的 IPv4 地址，sip_host 是 0.0.0.0"),
        ({"sip_host": "sip.example"}, "多路电话需要一个确定的 IPv4 地址，sip_host 是 sip.example"),
        ({"rtp_ports": 8}, "每个电话进程至少要 16 个语音端口，rtp_ports 是 8"),
        ({"rtp_port": 65_300}, "2 个电话进程的端口超过 65535：请改 call_process_port 或 rtp_port"),
        ({"sip_port": 15_061}, "sip_port 15061 落在 call_process_port 的范围里"),
        ({"call_process_port": 42_100}, "call_process_port 与 rtp_port 的范围重叠"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ExchangeError) as refused:
        plan(settings(calls=6, **given), 4)
    assert (refused.value.code, refused.value.reason) == ("exchange.unusable", reason)


def test_kamailio_is_told_all_that_it_needs() -> None:
    whole = settings(calls=6, sip_host="10.1.0.5", trunks=["10.1.2.0/24", "10.1.9.9/32"])
    exchange = plan(whole, 4)
    config = kamailio_config(whole, exchange.processes, Path("/srv/hotline/kamailio/dispatcher.list"))
    lines = [line.strip() for line in config.splitlines()]
    assert "listen=udp:10.1.0.5:5060" in lines
    assert 'if (!is_in_subnet("$si", "10.1.2.0/24,10.1.9.9/32")) exit;' in lines
    assert 'if ($si == "10.1.0.5" && $sp >= 15060 && $sp <= 15061) {' in lines
    assert 'modparam("dispatcher", "list_file", "/srv/hotline/kamailio/dispatcher.list")' in lines
    assert "@" not in config.replace("sip:dispatcher@10.1.0.5", "")
    assert dispatcher_list(exchange.processes) == "1 sip:10.1.0.5:15060\n1 sip:10.1.0.5:15061\n"


def test_a_path_that_would_end_the_configurations_string_is_refused() -> None:
    whole = settings(calls=6)
    with pytest.raises(ExchangeError):
        kamailio_config(whole, plan(whole, 4).processes, Path('/srv/"x/dispatcher.list'))


def test_where_kamailio_is_missing_the_package_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExchangeError) as refused:
        kamailio_program(places=(tmp_path / "kamailio",))
    assert "apt-get install kamailio" in refused.value.reason
