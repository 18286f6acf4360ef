"""manifest.json: what the bundle says of itself, checked at the border."""

from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from wherry.connectors.bundle.container import MANIFEST
from wherry.model.errors import PreflightFailed

DateFormat = Literal["yyyy-mm-dd", "dd/mm/yyyy", "mm/dd/yyyy"]


def known_zone(name: str) -> str:
    """Return the name of a time zone, or raise ValueError."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("no such time zone; names look like Europe/London") from None
    return name


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Window(_Part):
    """The days that the export covers."""

    start: str | None = Field(default=None, alias="from")
    end: str | None = Field(default=None, alias="to")


class Options(_Part):
    """What was asked of the export, and what it was given."""

    requested: tuple[str, ...] = ()
    granted: tuple[str, ...] = ()


class FileEntry(_Part):
    """One file of the bundle. What is absent is declared globally; what is null is not declared at all."""

    name: str = Field(min_length=1)
    rows: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-fA-F]{64}$")
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    date_format: DateFormat | None = None


class Manifest(_Part):
    """The whole of it."""

    format: Literal["aerona-bundle"]
    version: Literal[1]
    tenant: str = Field(min_length=1)
    exported_at: datetime
    tz: Annotated[str, AfterValidator(known_zone)] = "Europe/London"
    currency: str = Field(default="GBP", pattern=r"^[A-Z]{3}$")
    date_format: DateFormat | None = None
    tooth_notation: str | None = None
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    ids: Literal["number", "text"] = "number"  # text: any word, for sources whose ids are no numbers
    window: Window = Window()
    options: Options = Options()
    files: tuple[FileEntry, ...]

    def entry(self, name: str) -> FileEntry | None:
        """Return what is said of a file, or None."""
        return next((entry for entry in self.files if entry.name == name), None)


def parse_manifest(data: bytes, label: str) -> Manifest:
    """Return the manifest; `label` names the bundle in messages.

    Raises PreflightFailed naming every key that is missing or wrong. Keys that nobody knows are let be.
    """
    try:
        manifest = Manifest.model_validate_json(data.removeprefix(b"\xef\xbb\xbf"))
    except ValidationError as problem:
        wrong = [f"{_where(e['loc'])}: {e['msg']}" for e in problem.errors(include_input=False)]
        raise PreflightFailed(
            f"{label}: {MANIFEST} cannot be used: {wrong[0]}",
            hint="Ask for the export again, or correct the manifest by hand.",
            details=wrong,
        ) from None
    names = [entry.name for entry in manifest.files]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PreflightFailed(
            f"{label}: {MANIFEST} lists {twice[0]} twice", hint="Correct the manifest by hand."
        )
    return manifest


def _where(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc) or "the file"
