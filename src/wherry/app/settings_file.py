"""Reading wherry.toml with its overrides: every problem is named with its line, its key and a remedy."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from wherry.app.credentials import SECRETS, variable
from wherry.model.errors import SettingsInvalid

SECRET_WORDS = frozenset({"username", "password", "api_key", "key", "token", "secret"})

Table = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for one value: its section, the field of the dataclass, and whether the environment fills it."""

    where: tuple[str, ...]
    field: "Field[Any]"
    type: Any
    overridden: bool

    @property
    def section(self) -> str:
        """Return the section as written between brackets."""
        return ".".join(self.where)


@dataclass(slots=True)
class SettingsFile:
    """One wherry.toml being read; problems are gathered, then raised together."""

    path: Path
    text: str
    data: Table
    environ: Mapping[str, str] = field(repr=False)
    known: dict[str, frozenset[str]] = field(default_factory=dict)  # section → keys
    values: dict[str, Table] = field(default_factory=dict, repr=False)
    problems: list[tuple[str, str]] = field(default_factory=list)  # sentence, remedy

    @classmethod
    def read(cls, path: Path, environ: Mapping[str, str]) -> "SettingsFile":
        """Read the file. Raises SettingsInvalid when it is not there or is not TOML."""
        try:
            text = path.read_text(encoding="utf-8")
            data = tomllib.loads(text)
        except FileNotFoundError:
            raise SettingsInvalid(
                f"{path.parent} is no workspace: there is no {path.name}",
                hint=f"make one with `wherry init {path.parent}`, or name another with --project-dir",
            ) from None
        except OSError as fault:
            raise SettingsInvalid(
                f"{path} cannot be read: {fault.strerror}", hint="check the file and its permissions"
            ) from None
        except UnicodeDecodeError:
            raise SettingsInvalid(f"{path} is not UTF-8 text", hint="save the file as UTF-8") from None
        except tomllib.TOMLDecodeError as fault:
            raise SettingsInvalid(
                f"{path} is not TOML: {fault}", hint="correct that line; text stands between double quotes"
            ) from None
        return cls(path, text, data, environ)

    def section(self, name: str, shape: type, tables: Mapping[str, type] | None = None) -> Table:
        """Return the checked values of a section, defaults filled in.

        `shape` is the dataclass that they will fill; `tables` names keys that hold one sub-table per file.
        """
        tables = tables or {}
        self.known[name] = frozenset(f.name for f in fields(shape)) - frozenset(tables)
        written = self.data.get(name, {})
        if not isinstance(written, dict):
            self.problem(name, "", f"[{name}] must be a section, not a single value", f"write [{name}]")
            written = {}
        plain = {key: value for key, value in written.items() if key not in tables}
        checked = self._check((name,), shape, plain, self._overrides(name))
        for key, inner in tables.items():
            checked[key] = self._sub_tables((name, key), inner, written.get(key, {}))
        self.values[name] = checked
        return checked

    def problem(self, section: str, key: str, sentence: str, remedy: str) -> None:
        """Note a problem, at the line of the key or else of the section, where either can be found.

        A setting that a variable overrides is at fault there; a key that is no setting (a secret) stands in the file.
        """
        parts = tuple(section.split("\0"))
        line = line_of(self.text, parts, key) or line_of(self.text, parts, "")
        where = f"{self.path}:{line}" if line else str(self.path)
        if key in self.known.get(section, ()) and self.overridden(section, key):
            where = f"{variable(f'{section}.{key}')} in the environment"
        self.problems.append((f"{where}: {sentence}", remedy))

    def overridden(self, section: str, key: str) -> bool:
        """Return whether the environment sets this key."""
        return variable(f"{section}.{key}") in self.environ

    def raise_problems(self) -> None:
        """Raise SettingsInvalid for what was noted, unknown sections and variables included."""
        for name in self.data.keys() - self.known.keys():
            remedy = did_you_mean(name, self.known, "take the section out")
            self.problem(name, "", f"[{name}] is not a section of wherry.toml", remedy)
        self._check_variables()
        if self.problems:
            (sentence, remedy), *others = self.problems
            raise SettingsInvalid(sentence, hint=remedy, details=[f"{s}; {r}" for s, r in others])

    def _overrides(self, section: str) -> Table:
        names = {key: variable(f"{section}.{key}") for key in self.known[section]}
        return {key: self.environ[name] for key, name in names.items() if name in self.environ}

    def _sub_tables(self, where: tuple[str, str], shape: type, written: object) -> Table:
        if not isinstance(written, dict) or not all(isinstance(v, dict) for v in written.values()):
            section = ".".join(where)
            remedy = f'write [{section}."patients.csv"]'
            self.problem(where[0], where[1], f"[{section}] must hold one table for each file", remedy)
            return {}
        return {
            name: shape(**self._check((*where, name), shape, table, {})) for name, table in written.items()
        }

    def _check(self, where: tuple[str, ...], shape: type, written: Table, overrides: Table) -> Table:
        known = {f.name: f for f in fields(shape)}
        for key in written.keys() - known.keys():
            self._unknown(where, key, known)
        hints = get_type_hints(shape, include_extras=True)
        given = {**written, **overrides}
        return {
            name: self._value(Slot(where, known[name], hints[name], name in overrides), given)
            for name in known
        }

    def _value(self, slot: "Slot", given: Table) -> Any:
        name = slot.field.name
        if name not in given or (slot.overridden and given[name] == ""):
            return self._default(slot)
        try:
            return TypeAdapter(slot.type).validate_python(given[name], strict=not slot.overridden)
        except ValidationError as fault:
            messages = (error["msg"].removeprefix("Input should be ") for error in fault.errors())
            wanted = " or ".join(dict.fromkeys(messages))
        if slot.overridden:
            variable_name = variable(f"{slot.section}.{name}")
            self.problems.append((f"{variable_name} must be {wanted}", "correct the environment variable"))
        else:
            sentence = f"[{slot.section}] {name} must be {wanted}"
            self.problem("\0".join(slot.where), name, sentence, "correct the value")
        return self._default(slot, missing_is_fine=True)

    def _default(self, slot: "Slot", *, missing_is_fine: bool = False) -> Any:
        if slot.field.default is not MISSING:
            return slot.field.default
        if slot.field.default_factory is not MISSING:
            return slot.field.default_factory()
        if not missing_is_fine:
            name = f"{slot.section}.{slot.field.name}"
            remedy = f"add it to the section, or set {variable(name)}"
            self.problem("\0".join(slot.where), "", f"[{slot.section}] {slot.field.name} is missing", remedy)
        return ""

    def _unknown(self, where: tuple[str, ...], key: str, known: Iterable[str]) -> None:
        section = ".".join(where)
        if key in SECRET_WORDS:
            name = variable(_secret(section, key))
            remedy = (
                f"take it out and set {name}, or {name}_FILE, or use the system keyring; "
                "replace the secret if the file was shared"
            )
            sentence = f"[{section}] {key} is a secret and may not stand in wherry.toml"
        else:
            sentence = f"[{section}] {key} is not a setting"
            remedy = did_you_mean(key, known, "take the line out")
        self.problem("\0".join(where), key, sentence, remedy)

    def _check_variables(self) -> None:
        allowed = {variable(f"{section}.{key}") for section, keys in self.known.items() for key in keys}
        secret = {variable(name) for name in SECRETS}
        allowed |= secret | {f"{name}_FILE" for name in secret}
        for name in sorted(self.environ):
            if name.startswith("WHERRY_") and "__" in name and name not in allowed:
                remedy = did_you_mean(name, allowed, "unset it")
                self.problems.append((f"{name} in the environment names no setting", remedy))


def _secret(section: str, key: str) -> str:
    """Return the secret that a key out of place most likely is."""
    same = [name for name in SECRETS if name.endswith(f".{key}")]
    near = [name for name in SECRETS if name.startswith(f"{section}.")]
    named = f"{section}.{key}"
    return named if named in SECRETS else next(iter(same + near), named)


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return a remedy that names the nearest known word, or the fallback."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.7)
    return f"did you mean {near[0]}?" if near else otherwise


_HEADER = re.compile(r"\s*(\[[^\[\]]+\])\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*["']?([\w-]+)["']?\s*[.=]""")


def line_of(text: str, section: tuple[str, ...], key: str) -> int:
    """Return the line of a key in a section, or of the section's header when key is empty; 0 if not found."""
    here: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            here = _path(header[1])
            if here == section and not key:
                return number
        elif here == section and key and (found := _KEY.match(line)) and found[1] == key:
            return number
    return 0


def _path(header: str) -> tuple[str, ...]:
    try:
        table = tomllib.loads(header)
    except tomllib.TOMLDecodeError:
        return ()
    names = []
    while table:
        ((name, table),) = table.items()
        names.append(name)
    return tuple(names)
