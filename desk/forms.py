"""What somebody typed into a form: what is missing or wrong is said beside the field, all of it at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from desk.guard import front_of
from hotline.domain.errors import HotlineError

_E = TypeVar("_E", bound=StrEnum)
_LONGEST: Final = 4000
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class WrongFieldsError(HotlineError):
    """Fields of a form are missing or wrong: ``wrong`` says of each what (in Chinese). Nothing was done."""

    code = "form.invalid"

    def __init__(self, wrong: dict[str, str]) -> None:
        self.wrong = wrong
        super().__init__("、".join(wrong))


class Given:
    """A form as it was sent. Readers note what is wrong; ``check`` raises when anything was."""

    def __init__(self, form: FormData, timezone: tzinfo) -> None:
        """Take the form, and the clock by which times were typed."""
        self._form = form
        self._timezone = timezone
        self.wrong: dict[str, str] = {}

    def text(self, name: str, needed: str = "") -> str:
        """Return what was typed; ``needed`` is said when nothing was."""
        found = self._form.get(name, "")
        text = "" if isinstance(found, UploadFile) else found.strip()
        if len(text) > _LONGEST:
            self.wrong[name] = f"最多 {_LONGEST} 个字。"
        elif needed and not text:
            self.wrong[name] = needed
        return text

    def another(self, name: str, own: str, needed: str = "") -> str:
        """Return who else has approved; nobody approves what they do themselves (``own``: their name for signing in)."""
        text = self.text(name, needed)
        if text.casefold() == own.casefold():
            self.wrong[name] = "须由另一个人批准。"
        return text

    def number(self, name: str) -> int | None:
        """Return a whole number, None where none was typed."""
        text = self.text(name)
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None

    def one_of(self, name: str, known: Iterable[str], needed: str) -> str:
        """Return a value that is among ``known``; ``needed`` is said of any other."""
        text = self.text(name)
        if text not in set(known):
            self.wrong[name] = needed
            return ""
        return text

    def choice(self, name: str, kind: type[_E], needed: str) -> _E:
        """Return one of the values of ``kind``; ``needed`` is said when none was chosen (then the first stands in)."""
        text = self.text(name)
        found = next((each for each in kind if each.value == text), None)
        if found is None:
            self.wrong[name] = needed
        return found or next(iter(kind))

    def several(self, name: str, known: Iterable[str]) -> tuple[str, ...]:
        """Return the chosen values that are among ``known``."""
        allowed = set(known)
        chosen = (each for each in self._form.getlist(name) if isinstance(each, str))
        return tuple(dict.fromkeys(each for each in chosen if each in allowed))

    def yes(self, name: str) -> bool:
        """Tell whether a box was ticked."""
        return self.text(name) not in ("", "false", "no")

    def when(self, name: str, needed: str) -> datetime:
        """Return a time by the city's clock; ``needed`` is said when there is none."""
        text = self.text(name)
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            self.wrong[name] = needed
            return _NEVER
        return at if at.tzinfo is not None else at.replace(tzinfo=self._timezone)

    def files(self, name: str) -> list[UploadFile]:
        """Return the files that were chosen; a field that was left empty is sent as an empty file."""
        return [each for each in self._form.getlist(name) if isinstance(each, UploadFile) and each.size]

    def check(self) -> None:
        """Raise ``WrongFieldsError`` when something is missing or wrong."""
        if self.wrong:
            raise WrongFieldsError(self.wrong)


async def _given(request: Request) -> AsyncIterator[Given]:
    async with request.form() as form:
        yield Given(form, front_of(request).parts.city.timezone)


Filled = Annotated[Given, Depends(_given)]
"""A parameter of a route: its form. Files in it are closed when the route is done."""
