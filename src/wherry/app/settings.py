"""The settings of a workspace: wherry.toml and the environment, read once into one frozen value."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from wherry.app.credentials import Credentials
from wherry.app.settings_file import SettingsFile
from wherry.model.errors import SettingsInvalid
from wherry.model.policy import Policies
from wherry.planning.estimate import CALLS_PER_HOUR, CALLS_PER_MINUTE
from wherry.planning.price import PriceList

FILE_NAME = "wherry.toml"

DateFormat = Literal["yyyy-mm-dd", "dd/mm/yyyy", "mm/dd/yyyy"]
ApiPlan = Literal["free", "growth", "pro", "enterprise"]


NOT_FOR_ONE_FILE = ("delimiter", "timezone", "currency", "tooth_notation")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSettings:
    """How one file of the bundle is written, where its manifest is silent or wrong."""

    encoding: str = ""
    delimiter: str = ""
    date_format: DateFormat | Literal[""] = ""
    timezone: str = ""
    currency: str = ""
    tooth_notation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """Where the data comes from; empty text leaves a question to the manifest."""

    connector: str = "aerona"
    bundle: str = ""  # absolute once read
    base_url: str = ""
    profile: str = ""  # how the API is spelt; empty is the connector's own
    timezone: str = ""
    date_format: DateFormat | Literal[""] = ""
    tooth_notation: str = ""
    currency: str = ""
    encoding: str = ""
    files: Mapping[str, FileSettings] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationSettings:
    """Where the data goes, and how much of the API quota may be used."""

    base_url: str
    plan: ApiPlan
    connector: str = "freshsales"
    quota_reserve: Annotated[float, Field(ge=0, le=0.9)] = 0.10
    calls_per_hour: Annotated[int, Field(ge=1)] | None = None
    calls_per_minute: Annotated[int, Field(ge=1)] | None = None
    storage_mb_per_user: Annotated[int, Field(ge=0)] | None = None

    @property
    def hourly_quota(self) -> int:
        """Return the account's calls an hour, shared with everything else that uses the account."""
        return self.calls_per_hour or CALLS_PER_HOUR[self.plan]

    @property
    def hourly_budget(self) -> int:
        """Return the calls an hour that may be used here: the quota less the reserve, at least one."""
        return max(1, int(self.hourly_quota * (1 - self.quota_reserve) + 1e-9))

    @property
    def minute_budget(self) -> int:
        """Return the calls a minute that may be used here."""
        return self.calls_per_minute or CALLS_PER_MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """Our own memory; a SQLite path is absolute once read."""

    url: str = field(
        default="sqlite:///.wherry/store.db", repr=False
    )  # the environment may put a password in
    files: str = ""  # a folder, absolute once read, or s3://bucket/… that all workers reach
    files_endpoint: str = ""  # of an S3-compatible store that is not Amazon's own


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """How runs work."""

    workers: Annotated[int, Field(ge=1, le=64)] = 4  # threads
    batch_size: Annotated[int, Field(ge=1, le=1_000)] = 100  # records
    settle_wait_seconds: Annotated[float, Field(ge=0, le=3_600)] = 20
    call_seconds: Annotated[int, Field(ge=1, le=600)] = 30
    max_wait_minutes: Annotated[int, Field(ge=0, le=10_080)] = 90
    verify_files: Literal["checksum", "size"] = "checksum"
    lease_seconds: Annotated[float, Field(ge=1, le=600)] = 20
    beat_seconds: Annotated[float, Field(ge=0.1, le=120)] = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSettings:
    """How reports look."""

    title: str = ""
    show_values: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSettings:
    """What a migration costs: amounts by platform category and grade; empty takes the example table."""

    currency: str = "EUR"
    category: str = "crm"
    table: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def prices(self) -> PriceList:
        """Return them as the rule takes them."""
        return PriceList(currency=self.currency, category=self.category, table=self.table or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmSettings:
    """A language model that may be asked about columns that are not sure; off while there is no address."""

    base_url: str = ""  # of an OpenAI-compatible API, as far as …/v1
    model: str = ""
    timeout_seconds: Annotated[float, Field(gt=0, le=300)] = 20
    votes: Annotated[int, Field(ge=1, le=9)] = 3
    send_values: bool = False  # patients' data: only where somebody says so

    @property
    def on(self) -> bool:
        """Whether anything is asked at all."""
        return bool(self.base_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of one workspace."""

    directory: Path
    source: SourceSettings
    destination: DestinationSettings
    policy: Policies
    store: StoreSettings
    engine: EngineSettings
    report: ReportSettings
    price: PriceSettings
    credentials: Credentials
    llm: LlmSettings = field(default_factory=LlmSettings)


def read_settings(directory: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of the workspace in that directory.

    Raises SettingsInvalid naming the file, the line where there is one, the key and the remedy; further
    problems are in its details.
    """
    variables = os.environ if environ is None else environ
    directory = directory.expanduser().absolute()
    found = SettingsFile.read(directory / FILE_NAME, variables)
    source = found.section("source", SourceSettings, tables={"files": FileSettings})
    destination = found.section("destination", DestinationSettings)
    policy = found.section("policy", Policies)
    store = found.section("store", StoreSettings)
    engine = found.section("engine", EngineSettings)
    report = found.section("report", ReportSettings)
    price = found.section("price", PriceSettings)
    llm = found.section("llm", LlmSettings)
    _check_source(found)
    _check_destination(found)
    _check_store(found, directory)
    _check_llm(found)
    found.raise_problems()
    accounts = {
        "source": urlsplit(source["base_url"]).hostname or source["bundle"],
        "destination": urlsplit(destination["base_url"]).hostname or "",
        "store": str(directory),
        "llm": urlsplit(llm["base_url"]).hostname or "",
    }
    return Settings(
        directory=directory,
        source=SourceSettings(**source),
        destination=DestinationSettings(**destination),
        policy=Policies(**policy),
        store=StoreSettings(**store),
        engine=EngineSettings(**engine),
        report=ReportSettings(**report),
        price=PriceSettings(**price),
        llm=LlmSettings(**llm),
        credentials=Credentials(variables, accounts),
    )


def llm_of_environment(environ: Mapping[str, str] | None = None) -> tuple[LlmSettings, Credentials]:
    """Read the [llm] settings where there is no workspace: from variables alone.

    Raises SettingsInvalid naming the variable and the remedy.
    """
    variables = os.environ if environ is None else environ
    found = SettingsFile(Path(FILE_NAME), "", {}, variables)
    llm = found.section("llm", LlmSettings)
    _check_llm(found)
    for sentence, remedy in found.problems:
        raise SettingsInvalid(sentence, hint=remedy)
    host = urlsplit(llm["base_url"]).hostname or ""
    return LlmSettings(**llm), Credentials(variables, {"llm": host})


def _check_llm(found: SettingsFile) -> None:
    _check_address(found, "llm")
    llm = found.values["llm"]
    if llm["base_url"] and not llm["model"]:
        remedy = "name the model that the server knows, or take base_url out"
        found.problem("llm", "model", "[llm] base_url is set and model is not", remedy)


def _check_source(found: SettingsFile) -> None:
    source = found.values["source"]
    given = [key for key in ("bundle", "base_url") if source[key]]
    if len(given) != 1:
        both = "sets both bundle and base_url" if given else "sets neither bundle nor base_url"
        remedy = "keep exactly one: bundle for an export, base_url for the API"
        key = "base_url" if given else ""
        found.problem("source", key, f"[source] {both}", remedy)
    for name, one in source["files"].items():
        for key in NOT_FOR_ONE_FILE:
            if getattr(one, key):
                sentence = f'[source.files."{name}"] {key} is not carried out for a single file yet'
                remedy = "set it for all files under [source] where that is right, or correct the manifest"
                found.problem(f"source\0files\0{name}", key, sentence, remedy)
    _check_address(found, "source")
    if source["bundle"]:
        source["bundle"] = str((found.path.parent / Path(source["bundle"]).expanduser()).absolute())


def _check_destination(found: SettingsFile) -> None:
    if "YOUR-ACCOUNT" in found.values["destination"]["base_url"]:
        remedy = "write the address of your own account, as the browser shows it under API settings"
        found.problem("destination", "base_url", "[destination] base_url is still the example", remedy)
    else:
        _check_address(found, "destination")


def _check_address(found: SettingsFile, section: str) -> None:
    address = found.values[section]["base_url"]
    try:
        parts = urlsplit(address)
        good = not address or (parts.scheme in {"http", "https"} and bool(parts.hostname))
        secret = parts.username is not None
    except ValueError:
        good, secret = False, False
    if not good:
        remedy = "write it as https://host/path"
        found.problem(section, "base_url", f"[{section}] base_url is not an address", remedy)
    if secret:
        remedy = "take user name and password out of the address; they come from the environment"
        found.problem(section, "base_url", f"[{section}] base_url holds a secret", remedy)
    found.values[section]["base_url"] = address.rstrip("/")


def _check_store(found: SettingsFile, directory: Path) -> None:
    _check_files(found, directory)
    url = found.values["store"]["url"]
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        found.values["store"]["url"] = f"sqlite:///{directory / Path(rest[1:])}"
    elif scheme not in {"postgresql", "postgresql+psycopg"} or not rest:
        remedy = "write sqlite:///path/in/this/folder or postgresql://host/name"
        found.problem("store", "url", "[store] url is not a store", remedy)
    elif _holds_password(url) and not found.overridden("store", "url"):
        remedy = "take the password out: set WHERRY_STORE__URL, or keep it in PostgreSQL's own pgpass file"
        found.problem("store", "url", "[store] url holds a password", remedy)


def _check_files(found: SettingsFile, directory: Path) -> None:
    store = found.values["store"]
    scheme, _, rest = store["files"].partition("://")
    bucket = rest.partition("/")[0]
    if scheme.startswith("s3") and rest and (not bucket or "@" in bucket):
        remedy = "write s3://bucket/folder; the keys come from the environment"
        found.problem("store", "files", "[store] files names no bucket", remedy)
    elif store["files"] and "://" not in store["files"]:
        store["files"] = str((directory / Path(store["files"]).expanduser()).absolute())
    endpoint = urlsplit(store["files_endpoint"])
    if store["files_endpoint"] and (
        endpoint.scheme not in {"http", "https"} or not endpoint.hostname or "@" in endpoint.netloc
    ):
        remedy = "write it as https://host:port, without a key"
        found.problem("store", "files_endpoint", "[store] files_endpoint is not an address", remedy)


def _holds_password(url: str) -> bool:
    login, at, _ = url.partition("://")[2].rpartition("@")
    return bool(at and ":" in login) or "password=" in url


def settings_template() -> str:
    """Return the text of the wherry.toml that a new workspace starts with."""
    return files("wherry.app").joinpath("templates", FILE_NAME).read_text(encoding="utf-8")
