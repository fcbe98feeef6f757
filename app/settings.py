"""Settings: read from the environment (``HOTLINE_…``) and, below it, from a TOML file (``HOTLINE_SETTINGS_FILE``).

docs/settings.md lists them all with their defaults and, where a default follows a rule, its source.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import tomllib
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from hotline.domain.accounts import StaffRole
from hotline.domain.errors import HotlineError

ROOT = Path(__file__).resolve().parent.parent


class OidcProvider(BaseModel):
    """An OpenID provider by which staff or units sign on, and what its claims mean (docs/desk.md)."""

    name: str = Field(pattern=r"^[a-z0-9-]{1,32}$")
    label: str
    issuer: str = Field(pattern=r"^https?://.+")
    client_id: str
    client_secret: SecretStr = SecretStr("")
    scope: str = "openid profile"
    login_claim: str = "preferred_username"
    name_claim: str = "name"
    roles_claim: str = "roles"
    roles: dict[str, StaffRole] = Field(default_factory=dict)
    unit_claim: str = "unit"
    county_claim: str = "county"
    number_claim: str = "number"
    creates: bool = False


class Settings(BaseSettings):
    """All settings of the hotline's processes."""

    model_config = SettingsConfigDict(env_prefix="HOTLINE_", env_nested_delimiter="__", extra="ignore")

    city: Path = ROOT / "config" / "linyi"
    data_dir: Path = ROOT / "build" / "run"
    models_dir: Path = ROOT / "build" / "models"
    encoder: Path | Literal["auto", "off"] = "auto"
    opensearch: SecretStr | None = None
    static_dir: Path = ROOT / "build" / "static"

    sip_host: str = "127.0.0.1"
    sip_port: int = 5060
    rtp_port: int = 42_000
    rtp_ports: int = 200
    trunks: list[IPv4Network] = [IPv4Network("127.0.0.0/8")]
    takes_refer: bool = False
    calls: int | None = Field(default=None, ge=1)
    max_calls: int = 3
    call_process: str = "ivr"
    is_dispatched: bool = False
    standby_port: int = Field(default=0, ge=0, le=65_535)
    call_process_port: int = Field(default=15_060, ge=1, le=65_535)
    calls_per_number: int | None = Field(default=3, ge=1)
    rings_per_second: float | None = Field(default=20.0, gt=0)
    sip_messages_per_second: int = Field(default=200, ge=1)
    drain_seconds: float = Field(default=600.0, ge=0)
    max_call_seconds: float = 1_800
    max_talk_seconds: float = Field(default=14_400, gt=0)
    transfers: dict[str, str] = Field(default_factory=dict)
    ring_seconds: float = 20.0
    agent_address: str = ""
    queue_seconds: float = Field(default=180.0, gt=0)
    party_address: str = Field(default="", pattern=r"^$|^sips?:[^{}]*\{number\}[^{}]*$")
    parties: dict[str, str] = Field(default_factory=dict)
    outbound_address: str = Field(default="", pattern=r"^$|^sips?:[^{}]*\{number\}[^{}]*$")
    outbound_caller: str = "12345"
    outbound_ring_seconds: float = Field(default=30.0, gt=0)
    outbound_poll_seconds: float = Field(default=15.0, gt=0)
    record_calls: bool = True
    recordings_dir: Path | None = None
    chats_per_agent: int = Field(default=3, ge=1, le=20)
    chat_offer_seconds: float = Field(default=45.0, gt=0)
    chat_wait_seconds: float = Field(default=600.0, gt=0)
    chat_unseen_seconds: float = Field(default=180.0, ge=0)
    chat_origins: list[str] = Field(default_factory=list)
    chat_token_keys: str = ""
    chat_token_issuer: str = ""
    chat_token_audience: str = "hotline"  # noqa: S105 -- whom tokens are for
    chat_connections_burst: float = Field(default=60.0, ge=1)
    chat_connections_per_second: float = Field(default=2.0, gt=0)
    wrap_up_seconds: float = Field(default=30.0, ge=0)
    transcribe_talks: bool = True

    web_host: str = "127.0.0.1"
    web_port: int = 8512
    staff_token: SecretStr | None = None

    wechat_app_id: str = ""
    wechat_app_secret: SecretStr | None = None
    wechat_token: SecretStr | None = None
    wechat_aes_key: SecretStr | None = None
    wechat_mode: Literal["plain", "compatible", "safe"] = "safe"
    wechat_pushes: bool = True
    wechat_progress_template: str = ""
    wechat_progress_kind: Literal["template", "subscription"] = "template"
    mini_app_id: str = ""
    mini_app_secret: SecretStr | None = None
    mini_token: SecretStr | None = None
    mini_aes_key: SecretStr | None = None
    mini_mode: Literal["plain", "compatible", "safe"] = "safe"
    wechat_api: str = "https://api.weixin.qq.com"
    wechat_window_seconds: float = Field(default=300.0, gt=0)
    wechat_wait_seconds: float = Field(default=4.0, gt=0, lt=4.5)
    voice_messages: bool = True
    evidence_dir: Path | None = None
    evidence_most: int = Field(default=9, ge=1)
    knowledge_files_dir: Path | None = None
    knowledge_file_mib: int = Field(default=10, ge=1, le=30)
    knowledge_files_unused_days: int = Field(default=30, ge=1)

    sms_url: str = ""
    sms_secret: SecretStr | None = None
    sms_characters: int = Field(default=350, ge=70)

    mail_address: str = ""
    mail_user: str = ""
    mail_password: SecretStr | None = None
    mail_imap: str = Field(default="", pattern=r"^$|^imaps?://[^/@]+(/.+)?$")
    mail_smtp: str = Field(default="", pattern=r"^$|^smtps?://[^/@]+$")
    mail_poll_seconds: float = Field(default=20.0, gt=0)
    password_length: int = Field(default=10, ge=8)
    password_days: int = Field(default=90, ge=0)
    sign_in_failures: int = Field(default=5, ge=1)
    lock_minutes: float = Field(default=15.0, gt=0)
    session_idle_minutes: float = Field(default=30.0, gt=0)
    session_hours: float = Field(default=12.0, gt=0)
    sessions_per_account: int = Field(default=3, ge=1)
    public_address: str = Field(default="", pattern=r"^$|^https?://[^/]+$")
    oidc: list[OidcProvider] = Field(default_factory=list)

    database: str = ""
    redis: str = ""
    rasa: Literal["auto", "off"] | str = "auto"  # noqa: PYI051 -- a URL is a string too; the words are for the reader
    rasa_port: int = 5_511
    rasa_processes: int = Field(default=1, ge=1, le=8)

    recognizer: Literal["auto", "whisper", "vosk", "sherpa"] = "auto"
    vosk_model: Path | None = None
    sherpa_model: Path | None = None
    recognizer_processes: int = 1
    shared_engines: Path | None = None
    recognizer_deadline_seconds: float = 6.0
    running_partials: bool = True
    voice: str = "zf_xiaobei"
    voice_speed: float = 1.0
    render_articles: bool = True
    filler_after_seconds: float = 0.8
    sweep_seconds: int = Field(default=60, ge=1, le=60)
    delivery_timeout_seconds: float = Field(default=10.0, gt=0)

    log_level: str = "info"

    @classmethod
    def settings_customise_sources(  # noqa: D102 -- as pydantic-settings documents it
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        written = settings_file()
        below = (TomlConfigSettingsSource(settings_cls, toml_file=written[0]),) if written else ()
        return (init_settings, env_settings, *below)

    @field_validator("chat_origins")
    @classmethod
    def _are_origins(cls, origins: list[str]) -> list[str]:
        for origin in origins:
            if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?", origin):
                raise ValueError(f"not an origin such as https://app.example.cn: {origin!r}")
        return origins

    @model_validator(mode="after")
    def _tokens_have_an_issuer(self) -> Self:
        if self.chat_token_keys and not (self.chat_token_issuer and self.chat_token_audience):
            raise ValueError("chat_token_keys needs chat_token_issuer and chat_token_audience")
        return self

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the store; a SQLite file in the data folder unless set."""
        return self.database or f"sqlite+aiosqlite:///{self.data_dir / 'hotline.sqlite3'}"

    @property
    def endpoints_file(self) -> Path:
        """Where the endpoints of units and linked platforms are kept, with their secrets."""
        return self.data_dir / "endpoints.json"

    @property
    def rasa_urls(self) -> tuple[str, ...]:
        """Where Rasa answers; nowhere when it is switched off."""
        if self.rasa == "off":
            return ()
        if self.rasa == "auto":
            return tuple(
                f"http://127.0.0.1:{self.rasa_port + number}" for number in range(self.rasa_processes)
            )
        return tuple(self.rasa.replace(",", " ").split())

    def environment(self) -> dict[str, str]:
        """Return these settings as environment variables for a process of the hotline's own."""
        found: dict[str, str] = {}
        for name, value in self.model_dump(mode="json").items():
            if value is None:
                continue
            key = f"HOTLINE_{name.upper()}"
            found[key] = _as_variable(value)
        for name in type(self).model_fields:
            secret = getattr(self, name)
            if isinstance(secret, SecretStr):
                found[f"HOTLINE_{name.upper()}"] = secret.get_secret_value()
        providers = [
            {**one.model_dump(mode="json"), "client_secret": one.client_secret.get_secret_value()}
            for one in self.oidc
        ]
        return {**found, "HOTLINE_OIDC": json.dumps(providers, ensure_ascii=False)}


class SettingsFileError(HotlineError):
    """The settings' file is not there, cannot be read, or says something that no setting is; the defaults are not what was meant."""

    code = "settings_file.invalid"

    def __init__(self, *, file: Path, reason: str) -> None:
        self.file = file
        self.reason = reason
        super().__init__(f"设置文件 {file}（HOTLINE_SETTINGS_FILE）：{reason}")  # the error's text


def settings_file() -> tuple[Path, dict[str, Any]] | None:
    """Return the file that ``HOTLINE_SETTINGS_FILE`` names and what it says, None when none is named. Raises ``SettingsFileError``."""
    if not (named := os.environ.get("HOTLINE_SETTINGS_FILE", "")):
        return None
    file = Path(named).absolute()
    try:
        written = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsFileError(file=file, reason="没有这个文件") from None
    except OSError as error:
        raise SettingsFileError(file=file, reason=f"读不了：{error.strerror}") from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise SettingsFileError(file=file, reason=f"不是正确的 TOML：{error}") from error
    unknown = [name for name in written if name not in Settings.model_fields]
    providers = written["oidc"] if isinstance(written.get("oidc"), list) else []
    for provider in (one for one in providers if isinstance(one, dict)):
        unknown += [f"oidc.{name}" for name in provider if name not in OidcProvider.model_fields]
    if unknown:
        raise SettingsFileError(
            file=file, reason=f"没有这些设置：{'、'.join(unknown)}（键用小写，不带 HOTLINE_）"
        )
    return file, written


def _as_variable(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def secret_file(file: Path, *, size: int = 32) -> str:
    """Return the secret kept in ``file``, made at the first call with access for its owner only."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(f".{secrets.token_hex(4)}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(size))
        try:
            os.link(fresh, file)  # fails if another process was first: its secret counts
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return file.read_text().strip()
