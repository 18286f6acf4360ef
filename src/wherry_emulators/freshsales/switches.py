"""What is not known about the original, as settings: one switch per open question, and the plans."""

import dataclasses
import json
import tomllib
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from wherry_emulators.process import SettingError


class Plan(StrEnum):
    """The account's plan; it decides the hourly limit and which features exist."""

    FREE = "free"
    GROWTH = "growth"
    PRO = "pro"
    ENTERPRISE = "enterprise"

    @property
    def calls_per_hour(self) -> int:
        """Accepted calls per account in any hour. [D] support article 50000005599."""
        return _CALLS_PER_HOUR[self]

    @property
    def storage_per_user_bytes(self) -> int:
        """Bytes that one user's files may take; a GB is 1024³. [D] support article 50000002563, [I] the unit."""
        return _STORAGE_GB[self] * 1024**3


_CALLS_PER_HOUR = {Plan.FREE: 1000, Plan.GROWTH: 1000, Plan.PRO: 2000, Plan.ENTERPRISE: 5000}
_STORAGE_GB = {Plan.FREE: 0, Plan.GROWTH: 2, Plan.PRO: 5, Plan.ENTERPRISE: 100}


def _switch(name: str, default: Any, meaning: str) -> Any:
    """Declare a field that knows its dotted name and its meaning."""
    metadata = {"name": name, "meaning": meaning}
    if isinstance(default, Mapping):
        return field(default_factory=lambda: types.MappingProxyType(dict(default)), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """How the emulator behaves where sources disagree or are silent; each default is the best reading.

    Build one with ``Switches()``, change one with ``dataclasses.replace`` or with :func:`with_settings`,
    which also checks types and allowed values.
    """

    upsert_accept_email_key: bool = _switch(
        "upsert.accept_email_key", False, "Contact upsert takes `email` as a key besides `emails`."
    )
    bulk_max_rows: int = _switch("bulk.max_rows", 100, "Rows allowed in one bulk call; more is a 400.")
    bulk_job_states: tuple[str, str, str, str] = _switch(
        "bulk.job_states",
        ("queued", "in_progress", "completed", "failed"),
        "What a job's status is called when waiting, running, done and failed.",
    )
    bulk_delay_ms: int = _switch(
        "bulk.delay_ms", 50, "Emulated milliseconds from accepting a bulk call until its last row is applied."
    )
    bulk_partial_failure_shape: Literal["data_json", "none", "message"] = _switch(
        "bulk.partial_failure_shape", "data_json", "Where a job reports rows that failed, if anywhere."
    )
    search_lag_ms: int = _switch(
        "search.lag_ms", 0, "Emulated milliseconds until search, lookup and filtered search see a write."
    )
    rate_limit_hour: int | None = _switch(
        "rate.limit_hour", None, "Calls accepted in any hour; `plan` takes the plan's figure."
    )
    rate_limit_min: int = _switch("rate.limit_min", 400, "Calls accepted in any minute.")
    rate_retry_after: Literal["absent", "seconds"] = _switch(
        "rate.retry_after", "absent", "Whether a 429 carries a Retry-After header."
    )
    rate_reset_format: Literal["epoch", "dmyHis", "ISO"] = _switch(
        "rate.reset_format", "epoch", "How X-RateLimit-Reset is written."
    )
    errors_message_as: Literal["array", "string"] = _switch(
        "errors.message_as", "array", "Whether errors.message is an array or one string."
    )
    tasks_filter_required: bool = _switch(
        "tasks.filter_required", True, "GET /tasks and /appointments without `filter` is a 400."
    )
    deleted_get_by_id: Literal["404", "record"] = _switch(
        "deleted.get_by_id", "404", "What GET answers for a record in the recycle bin."
    )
    phone_calls_wrapper: Literal["required", "forbidden", "either"] = _switch(
        "phone_calls.wrapper", "either", "Whether POST /phone_calls wants the `phone_call` root key."
    )
    create_status: Mapping[str, int] = _switch(
        "create.status",
        {"contact": 200, "sales_account": 200, "deal": 200, "note": 200, "task": 201},
        "HTTP status of a create by entity, 200 or 201; an entity not named answers 200.",
    )
    created_at_writable: bool = _switch(
        "created_at.writable", False, "A create may set created_at and updated_at."
    )
    standard_forms_field_create: Literal["404", "403", "works"] = _switch(
        "standard_forms.field_create", "works", "What creating a custom field on a standard entity answers."
    )
    per_page_max: int = _switch("per_page.max", 100, "Largest page.")
    per_page_over: Literal["clamp", "400"] = _switch(
        "per_page.over", "clamp", "What a larger page size gets: the largest, or a 400."
    )
    filtered_search_paginates: bool = _switch(
        "filtered_search.paginates", True, "Filtered search has pages; if not, only its first 100 rows exist."
    )
    default_get_hides_reference_ids: bool = _switch(
        "default_get.hides_reference_ids", True, "A plain GET leaves out most reference ids."
    )
    include_reveals_reference_ids: bool = _switch(
        "include.reveals_reference_ids", True, "`include=owner` and its like bring the reference id back."
    )
    deleted_holds_unique: bool = _switch(
        "deleted.holds_unique", False, "A record in the recycle bin still occupies its unique values."
    )
    deleted_forget: Literal["works", "404"] = _switch(
        "deleted.forget", "works", "What `forget` answers for a record in the recycle bin."
    )
    unknown_choice: Literal["reject", "ignore", "create"] = _switch(
        "unknown_choice", "reject", "What a dropdown does with a value that is not one of its choices."
    )
    choice_write_form: Literal["text", "id", "either"] = _switch(
        "choice.write_form", "text", "How a custom dropdown is written: its text or its choice id."
    )
    creater_id_writable: bool = _switch(
        "creater_id.writable", False, "A create or update may set creater_id."
    )
    completed_date_writable: bool = _switch(
        "completed_date.writable", False, "A task's completed_date may be set."
    )
    note_max_length: int = _switch("note.max_length", 65535, "Longest note description, in characters.")
    task_title_max_length: int = _switch("task.title_max_length", 255, "Longest task title, in characters.")
    documents_max_bytes: int = _switch("documents.max_bytes", 157_286_400, "Largest file, in bytes.")
    documents_may_be_empty: bool = _switch(
        "documents.may_be_empty", False, "A file of no bytes is taken; if not, that is a 400."
    )
    edition: Literal["suite", "classic"] = _switch(
        "edition", "suite", "The account's edition: only `classic` has /leads and their metadata."
    )
    leads_email_unique: bool = _switch(
        "leads.email_unique", False, "No two leads may have the same primary email."
    )
    leads_found_by_lookup: bool = _switch(
        "leads.found_by_lookup", False, "/lookup and filtered search take `lead`; if not, that is a 400."
    )
    leads_targetable: Literal["tasks", "all"] = _switch(
        "leads.targetable", "all", "What may hang on a lead: only tasks, or notes and appointments as well."
    )
    storage_per_user_bytes: int | None = _switch(
        "storage.per_user_bytes",
        None,
        "Bytes that one user's files may take; `plan` takes the plan's figure.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchInfo:
    """One switch as shown to people: field name, dotted name, meaning and what it may be."""

    field: str
    name: str
    meaning: str
    allowed: str


def switch_table() -> tuple[SwitchInfo, ...]:
    """Every switch, in the order of the class."""
    hints = typing.get_type_hints(Switches)
    return tuple(
        SwitchInfo(
            field=one.name,
            name=one.metadata["name"],
            meaning=one.metadata["meaning"],
            allowed=_allowed(one.name, hints[one.name]),
        )
        for one in fields(Switches)
    )


def with_settings(switches: Switches, settings: Mapping[str, Any]) -> Switches:
    """Copy with these settings changed, by field name or dotted name; values as text or as JSON values.

    ``create.status.note=201`` sets one entity of a mapping. Raises SettingError for a wrong name or value.
    """
    changed: dict[str, Any] = {}
    for name, value in settings.items():
        key, entity = _field_of(name)
        if entity:
            known = changed.get(key, getattr(switches, key))
            changed[key] = {**known, **_statuses(name, {entity: value})}
        else:
            changed[key] = _parse(key, value)
    for key, value in changed.items():
        if isinstance(value, dict):
            changed[key] = types.MappingProxyType(value)
    return dataclasses.replace(switches, **changed)


def read_switches(pairs: Sequence[str], file: Path | None = None) -> Switches:
    """Read the switches of a JSON or TOML file, overridden by ``name=value`` pairs.

    Tables in a file are read as dotted names: ``[rate]`` with ``limit_min = 50`` is ``rate.limit_min``.
    Raises SettingError for an unreadable file, a pair without ``=``, a wrong name or a wrong value.
    """
    switches = with_settings(Switches(), _flat(_read_file(file))) if file else Switches()
    settings: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise SettingError(f"switch {pair!r} is not of the form name=value")
        settings[name.strip()] = value.strip()
    return with_settings(switches, settings)


def as_settings(switches: Switches) -> dict[str, Any]:
    """Show the switches as JSON values by dotted name; :func:`with_settings` reads them back."""
    return {info.name: _plain(getattr(switches, info.field)) for info in switch_table()}


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return dict(value)
        case tuple():
            return list(value)
        case _:
            return value


def _read_file(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
        found = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError) as error:
        raise SettingError(f"switch file {file} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise SettingError(f"switch file {file} must hold one object of names and values")
    return found


def _flat(found: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    names = {info.name for info in switch_table()} | {info.field for info in switch_table()}
    flat: dict[str, Any] = {}
    for key, value in found.items():
        name = f"{before}{key}"
        if isinstance(value, Mapping) and name not in names:
            flat |= _flat(value, f"{name}.")
        else:
            flat[name] = value
    return flat


def _field_of(name: str) -> tuple[str, str]:
    """Find the field a setting names, and the entity when it names one key of a mapping."""
    known = {info.field for info in switch_table()}
    plain = name.replace(".", "_")
    if plain in known:
        return plain, ""
    stem, _, entity = name.rpartition(".")
    if stem.replace(".", "_") == "create_status" and entity:
        return "create_status", entity
    names = ", ".join(info.name for info in switch_table())
    raise SettingError(f"no switch is called {name!r}; there are: {names}")


def _parse(key: str, value: Any) -> Any:
    hint = typing.get_type_hints(Switches)[key]
    if typing.get_origin(hint) is Literal:
        return _choice(key, str(value), typing.get_args(hint))
    if key == "bulk_job_states":
        return _states(key, value)
    if key == "create_status":
        return _statuses(key, value)
    if hint is bool:
        return _truth(key, value)
    return _number(key, value, may_be_none=hint is not int)


def _wrong(key: str, value: Any, allowed: str) -> SettingError:
    return SettingError(f"switch {key}: {value!r} is not {allowed}")


def _choice(key: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise _wrong(key, value, "one of " + ", ".join(allowed))
    return value


def _truth(key: str, value: Any) -> bool:
    match str(value).lower():
        case "true" | "yes" | "on" | "1":
            return True
        case "false" | "no" | "off" | "0":
            return False
        case _:
            raise _wrong(key, value, "true or false")


def _number(key: str, value: Any, *, may_be_none: bool) -> int | None:
    if may_be_none and (value is None or str(value).lower() in {"plan", "none", "null", ""}):
        return None
    text = str(value)
    least = 0 if key.endswith(("_ms", "per_user_bytes")) else 1
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or int(text) < least:
        raise _wrong(key, value, f"a whole number of at least {least}")
    return int(text)


def _states(key: str, value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if (
        not isinstance(parts, (list, tuple))
        or len(parts) != 4
        or not all(str(part).strip() for part in parts)
    ):
        raise _wrong(key, value, "four names: waiting, running, done, failed")
    return tuple(str(part).strip() for part in parts)


def _statuses(key: str, value: Any) -> dict[str, int]:
    pairs = dict(part.partition(":")[::2] for part in value.split(",")) if isinstance(value, str) else value
    if not isinstance(pairs, Mapping) or any(str(status) not in {"200", "201"} for status in pairs.values()):
        raise _wrong(key, value, "a mapping of entity to 200 or 201, such as contact:201,deal:200")
    return {str(entity).strip(): int(status) for entity, status in pairs.items()}


def _allowed(key: str, hint: Any) -> str:
    if typing.get_origin(hint) is Literal:
        return ", ".join(typing.get_args(hint))
    if key == "bulk_job_states":
        return "four names"
    if key == "create_status":
        return "entity:200 or entity:201, …"
    if hint is bool:
        return "true, false"
    return "a whole number" if hint is int else "a whole number, or plan"
