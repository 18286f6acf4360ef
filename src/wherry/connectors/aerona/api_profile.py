"""How one clinic's API is spelt: a YAML profile, checked at the border. What is [U]nknown stands there, not in code."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from wherry.connectors.bundle.columns import SHEETS
from wherry.connectors.bundle.manifest import DateFormat, known_zone
from wherry.model.errors import SettingsInvalid

DEFAULT = "aerona"
_CLOCK = r"^(|([01]\d|2[0-3]):[0-5]\d)$"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Login(_Part):
    """How a token is had, and for how long it is used."""

    path: str
    body: Mapping[str, str]
    token_header: str = "AERONA-AUTH-TOKEN"  # noqa: S105 - the name of a header
    refresh_minutes: int = Field(default=50, ge=1)
    locked_status: tuple[int, ...] = (423,)


class Limit(_Part):
    """How many calls may be sent in any window."""

    calls: int = Field(default=280, ge=1)
    minutes: float = Field(default=15.0, gt=0)


class Maintenance(_Part):
    """The hours at which the API is not asked; none where `begin` is empty."""

    begin: str = Field(default="", pattern=_CLOCK)
    end: str = Field(default="", pattern=_CLOCK)
    zone: Annotated[str, AfterValidator(known_zone)] = "Europe/London"


class Paging(_Part):
    """How lists are cut into pages."""

    style: Literal["page", "offset", "cursor", "none"] = "page"
    param: str = "page"
    first: int = Field(default=1, ge=0)
    size_param: str = "pageSize"
    size: int = Field(default=200, ge=1)
    items: str = "items"
    total: str = ""
    next: str = ""
    parallel: int = Field(default=1, ge=1, le=16)  # calls under way at once, for style page with a total
    keys_size: int | None = Field(default=None, ge=1)  # of a page of keys alone; None: as other pages


class Tenant(_Part):
    """Where the clinic says what of itself; dotted names lead inwards."""

    path: str = ""
    tenant: str = ""
    tz: str = ""
    currency: str = ""
    tooth_notation: str = ""
    window: str = ""
    options: str = ""
    date_formats: str = ""


class Defaults(_Part):
    """What holds where the clinic does not say it."""

    tenant: str = DEFAULT
    tz: Annotated[str, AfterValidator(known_zone)] = "Europe/London"
    currency: str = Field(default="GBP", pattern=r"^[A-Z]{3}$")
    tooth_notation: str = ""
    date_format: DateFormat | Literal[""] = ""


class Listing(_Part):
    """One list: its path, and which of our columns is which of its fields."""

    path: str = ""
    fields: Mapping[str, str] = Field(default_factory=dict)
    custom: str = ""
    params: Mapping[str, str] = Field(default_factory=dict)
    date_format: DateFormat | Literal[""] = ""
    essential: bool = False
    may_be_empty: bool = False
    changes: bool = False
    keys: Mapping[str, str] = Field(default_factory=dict)


class DocumentCalls(_Part):
    """How a document's bytes are had; {column} stands for a column of its record."""

    content: str = ""


class Profile(_Part):
    """The whole of it."""

    login: Login
    limit: Limit = Limit()
    maintenance: Maintenance = Maintenance()
    paging: Paging = Paging()
    modified_since: str = ""
    whole_every_hours: float = Field(default=24.0, ge=0)
    tenant: Tenant = Tenant()
    defaults: Defaults = Defaults()
    documents: DocumentCalls = DocumentCalls()
    lists: Mapping[str, Listing]

    def listed(self) -> dict[str, Listing]:
        """Return the lists that there are, by stream, what is referred to first."""
        return {name: self.lists[name] for name in SHEETS if name in self.lists and self.lists[name].path}


def read_profile(name: str, root: Path) -> Profile:
    """Return the profile of that name, or of that file below `root`, laid over the built-in one.

    Raises SettingsInvalid naming the file and the key that is wrong.
    """
    built_in = files("wherry.connectors.aerona").joinpath("profiles", f"{DEFAULT}.yaml")
    body = _yaml(built_in.read_text(encoding="utf-8"), DEFAULT)
    if name and name != DEFAULT:
        path = root / Path(name).expanduser()
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise SettingsInvalid(
                f"[source] profile names {name}, which cannot be read",
                hint="correct the path, relative to wherry.toml, or leave it out",
            ) from None
        body = _laid_over(body, _yaml(text, name))
    return _checked(body, name or DEFAULT)


def _checked(body: dict[str, Any], name: str) -> Profile:
    try:
        profile = Profile.model_validate(body)
    except ValidationError as problem:
        wrong = [
            f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
            for error in problem.errors(include_input=False)
        ]
        raise SettingsInvalid(f"profile {name}: {wrong[0]}", hint="correct that key", details=wrong) from None
    unknown = [stream for stream in profile.lists if stream not in SHEETS]
    if unknown:
        raise SettingsInvalid(
            f"profile {name}: lists.{unknown[0]} is no stream",
            hint=f"the streams are {', '.join(SHEETS)}",
        )
    return profile


def _yaml(text: str, name: str) -> dict[str, Any]:
    try:
        found = YAML(typ="safe", pure=True).load(text)
    except YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise SettingsInvalid(f"profile {name}{where} is not YAML", hint="correct that line") from None
    if not isinstance(found, dict):
        raise SettingsInvalid(f"profile {name} holds no keys", hint="see docs/howto/live-source.md")
    return found


def _laid_over(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return one tree over another: tables are joined, all else is replaced; a login's body is replaced whole."""
    joined = dict(below)
    for key, value in above.items():
        old = below.get(key)
        both = isinstance(old, dict) and isinstance(value, dict) and key != "body"
        joined[key] = _laid_over(old, value) if both and isinstance(old, dict) else value
    return joined
