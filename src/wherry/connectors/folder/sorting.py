"""mapping/csv.yaml: what a person approved of which file is which stream, and which column is which field."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from wherry.connectors.bundle.columns import SHEETS
from wherry.connectors.bundle.manifest import DateFormat
from wherry.model.errors import MappingIncomplete

PLACE = "mapping/csv.yaml"
DOUBT = "?"  # after a name: proposed, and not confirmed
CUSTOM = "custom:"
BOTH_NAMES = "firstName + lastName"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileSorting(_Part):
    """What one file is. Names that end with a question mark wait for a person and count as left out."""

    stream: str = ""
    date_format: DateFormat | None = None
    columns: Mapping[str, str] = Field(default_factory=dict)  # header → field, empty for none
    words: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)  # field → its word → our word

    @property
    def confirmed(self) -> dict[str, str]:
        """Return the columns that somebody confirmed and that are read, header → field."""
        return {header: name for header, name in self.columns.items() if name and not name.endswith(DOUBT)}

    @property
    def open(self) -> tuple[str, ...]:
        """Return the headers that wait for a person."""
        return tuple(header for header, name in self.columns.items() if name.endswith(DOUBT))


class Sorting(_Part):
    """The whole file."""

    approved_by: str = ""
    files: Mapping[str, FileSorting] = Field(default_factory=dict)

    @property
    def read(self) -> dict[str, FileSorting]:
        """Return the files that are read."""
        return {
            name: one for name, one in self.files.items() if one.stream and not one.stream.endswith(DOUBT)
        }


def read_sorting(root: Path) -> Sorting | None:
    """Return what stands in mapping/csv.yaml, None where there is no such file.

    Raises MappingIncomplete naming the file or the key that cannot be.
    """
    path = root / PLACE
    if not path.exists():
        return None
    try:
        sorting = Sorting.model_validate(
            YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) or {}
        )
    except (YAMLError, UnicodeDecodeError) as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f"{PLACE}:{mark.line + 1}" if mark else PLACE
        raise MappingIncomplete(f"{where} is not YAML", hint="correct that line") from None
    except ValidationError as problem:
        wrong = [
            f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
            for error in problem.errors(include_input=False)
        ]
        raise MappingIncomplete(f"{PLACE}: {wrong[0]}", hint="correct that key", details=wrong) from None
    problems = list(_problems(sorting))
    if problems:
        hint = "correct that line; docs/howto/csv-folder.md lists streams and fields"
        raise MappingIncomplete(f"{PLACE}: {problems[0]}", hint=hint, details=problems)
    return sorting


def _problems(sorting: Sorting) -> Iterator[str]:
    for name, one in sorting.files.items():
        stream = one.stream.removesuffix(DOUBT)
        if stream and stream not in SHEETS:
            yield f"'{name}' has the stream {stream}, which is none"
        elif stream:
            yield from _wrong_fields(name, stream, one)


def _wrong_fields(file: str, stream: str, one: FileSorting) -> Iterator[str]:
    sheet = SHEETS[stream]
    for header, written in one.columns.items():
        name = written.removesuffix(DOUBT)
        own = name.startswith(CUSTOM) and stream == "patients"
        whole = name == BOTH_NAMES and sheet.column("lastName") is not None
        if name and not own and not whole and sheet.column(name) is None:
            yield f"'{file}', column '{header}': {stream} has no field {name}"
    for name in one.words:
        if sheet.column(name) is None:
            yield f"'{file}', words: {stream} has no field {name}"
