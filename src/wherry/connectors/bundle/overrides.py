"""What the workspace's settings say against the manifest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import cast

from wherry.connectors.bundle.manifest import DateFormat, known_zone
from wherry.model.errors import SettingsInvalid

_FORMATS = ("yyyy-mm-dd", "dd/mm/yyyy", "mm/dd/yyyy")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOverrides:
    """What is set for one file."""

    encoding: str | None = None
    date_format: DateFormat | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """Settings that win over the manifest; `files` win over the rest, by file or stream name."""

    timezone: str | None = None
    currency: str | None = None
    tooth_notation: str | None = None
    encoding: str | None = None
    date_format: DateFormat | None = None
    files: Mapping[str, FileOverrides] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, file: str) -> FileOverrides:
        """Return what holds for a file."""
        own = self.files.get(file) or self.files.get(file.removesuffix(".csv")) or FileOverrides()
        return FileOverrides(
            encoding=own.encoding or self.encoding, date_format=own.date_format or self.date_format
        )


def overrides_from(settings: Mapping[str, object]) -> Overrides:
    """Return the overrides of a `[source]` section.

    Each of `encoding` and `date_format` is a text for all files, or a table {file: text}; `timezone`,
    `currency` and `tooth_notation` are texts. Raises SettingsInvalid naming the key.
    """
    encodings, encoding = _by_file(settings, "encoding")
    formats, date_format = _by_file(settings, "date_format")
    for key, value in [("date_format", date_format), *((f"date_format.{f}", v) for f, v in formats.items())]:
        if value is not None and value not in _FORMATS:
            raise SettingsInvalid(
                f"[source] {key} is none of {', '.join(_FORMATS)}", hint="Correct it in wherry.toml."
            )
    timezone = _text(settings, "timezone")
    if timezone is not None:
        try:
            known_zone(timezone)
        except ValueError as problem:
            raise SettingsInvalid(
                f"[source] timezone: {problem}", hint="Correct it in wherry.toml."
            ) from None
    files = {
        name: FileOverrides(
            encoding=encodings.get(name), date_format=cast("DateFormat | None", formats.get(name))
        )
        for name in {*encodings, *formats}
    }
    files |= _of_files(settings.get("files"))
    return Overrides(
        timezone=timezone,
        currency=_text(settings, "currency"),
        tooth_notation=_text(settings, "tooth_notation"),
        encoding=encoding,
        date_format=cast("DateFormat | None", date_format),
        files=files,
    )


def _text(settings: Mapping[str, object], key: str) -> str | None:
    value = settings.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise SettingsInvalid(f"[source] {key} must be a text", hint="Correct it in wherry.toml.")
    return value


def _by_file(settings: Mapping[str, object], key: str) -> tuple[dict[str, str], str | None]:
    value = settings.get(key)
    if not isinstance(value, Mapping):
        return {}, _text(settings, key)
    wrong = [name for name, text in value.items() if not isinstance(text, str)]
    if wrong:
        raise SettingsInvalid(f"[source] {key}.{wrong[0]} must be a text", hint="Correct it in wherry.toml.")
    return {str(name): str(text) for name, text in value.items()}, None


def _of_files(tables: object) -> dict[str, FileOverrides]:
    """Return what `[source.files."name"]` says of single files, checked before."""
    found = {}
    for name, table in tables.items() if isinstance(tables, Mapping) else ():
        one = table if isinstance(table, Mapping) else {}
        found[str(name)] = FileOverrides(
            encoding=one.get("encoding") or None, date_format=one.get("date_format") or None
        )
    return found
