"""What seals the hotline's rows and files (静态加密): its key is a file of the data folder, made once, before anything is sealed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from app.settings import Settings, secret_file
from hotline.domain.errors import HotlineError
from hotline.store.sealed_rows import holds_sealed_rows
from hotline.store.sealing import Seal

FILE: Final = "at_rest.key"


class KeyMissingError(HotlineError):
    """The key is not there, but the database holds what was sealed with it; another key would open none of it."""

    code = "at_rest.key_missing"

    def __init__(self, file: Path) -> None:
        self.file = file
        super().__init__(
            f"找不到密钥文件 {file}，而数据库里已有用它加密的内容；请从备份（或者同一热线的另一台机器）恢复这个文件，"
            "另造新的密钥，原有内容就再也读不出来"
        )


def seal_of(settings: Settings) -> Seal:
    """Return what seals the rows of the settings' database.

    The first call makes the key. Raises ``KeyMissingError`` when it is gone, ``StoreUnavailableError`` when that cannot be told.
    """
    file = settings.data_dir / FILE
    # Asked of the file twice: another process may make the key, and seal, while the database is looked at.
    if not file.exists() and holds_sealed_rows(settings.database_url) and not file.exists():
        raise KeyMissingError(file)
    return Seal(secret_file(file))
