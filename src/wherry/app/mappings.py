"""The mapping files of a workspace: read for planning, proposed without touching what a person wrote."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wherry.mapping.blueprint import load_blueprint, parse_yaml, read_mappings
from wherry.mapping.form import Place, to_data
from wherry.mapping.own_values import Own, with_own_values
from wherry.mapping.tenant import fitting
from wherry.model.catalog import Catalog
from wherry.model.errors import MappingIncomplete
from wherry.model.jsons import Json
from wherry.model.mapping import Mapping as StreamMapping

NOT_MAPPINGS = frozenset({"headers", "adoptions", "csv", "values"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mappings:
    """The mappings of a workspace; `stream_fates` says for every other source stream why it does not move.

    `places` says by name of a mapping where it stands, and then each of its rules.
    """

    active: tuple[StreamMapping, ...]
    data: tuple[dict[str, Json], ...]
    stream_fates: Mapping[str, str]
    places: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)

    def fitting(self, catalog: Catalog) -> "Mappings":
        """Return what of this the tenant with this catalog can take; `data` stays as it was written."""
        return replace(self, active=fitting(self.active, catalog))


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What a person decided about records that were in Freshsales before; undecided ones are left alone."""

    contacts: Mapping[str, int] = field(default_factory=dict)
    leads: Mapping[str, int] = field(default_factory=dict)
    accounts: Mapping[str, int] = field(default_factory=dict)

    def facts(self) -> dict[str, Json]:
        """Return a fact per decision, for the plan's basis."""
        people: dict[str, Json] = {f"contact of patient {key}": id_ for key, id_ in self.contacts.items()}
        asking: dict[str, Json] = {f"lead of patient {key}": id_ for key, id_ in self.leads.items()}
        places: dict[str, Json] = {f"account of practice {key}": id_ for key, id_ in self.accounts.items()}
        return people | asking | places


def mapping_texts(folder: Path) -> dict[str, str]:
    """Return the mapping files of a workspace (name → text); raises MappingIncomplete for one that is not UTF-8."""
    texts: dict[str, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        if path.stem in NOT_MAPPINGS:
            continue
        try:
            texts[f"mapping/{path.name}"] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise MappingIncomplete(
                f"mapping/{path.name} is not UTF-8 text", hint="save it as UTF-8"
            ) from None
    return texts


def read_workspace_mappings(folder: Path) -> Mappings:
    """Return the mappings of the workspace; raises MappingIncomplete naming file, line and key."""
    written = read_mappings(mapping_texts(folder))
    if not written:
        raise MappingIncomplete("there is no mapping yet", hint="wherry propose")
    active = with_own_values([one.mapping for one in written], read_values(folder / "values.yaml"))
    taken = {mapping.source for mapping in active}
    fates = {name: fate.reason for name, fate in load_blueprint().streams.items() if name not in taken}
    return Mappings(
        active=active,
        data=tuple(to_data(mapping) for mapping in active),
        stream_fates=fates,
        places={one.mapping.name: (one.place, *one.places) for one in written},
    )


def _read(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise MappingIncomplete(f"mapping/{path.name} is not UTF-8 text", hint="save it as UTF-8") from None
    return parse_yaml(text, f"mapping/{path.name}")


def read_headers(path: Path) -> Mapping[str, Mapping[str, str]]:
    """Return the person's header map (file → header → field), empty where there is none."""
    if not path.exists():
        return {}
    content = _read(path)
    if not isinstance(content, dict) or not all(isinstance(part, dict) for part in content.values()):
        raise MappingIncomplete(
            f"mapping/{path.name} must hold, per file of the bundle, lines of 'header: field'",
            hint="for example, in two lines: `patients.csv:` and below it `  Patient ID: patientId`",
        )
    return {str(file): {str(h): str(f) for h, f in part.items()} for file, part in content.items()}


def read_values(path: Path) -> Own:
    """Return what the clinic says its own words mean (table → word → meaning), empty where there is no file.

    Raises MappingIncomplete where the file holds something else.
    """
    content = _read(path) if path.exists() else {}
    if content is None:
        return {}
    if not _is_tables(content):
        raise MappingIncomplete(
            f"mapping/{path.name} must hold, per table, lines of 'word: what it means'",
            hint="for example, in two lines: `appointment_status:` and below it `  Failed twice: No-show`",
        )
    return {
        str(table): {str(word): str(meant) for word, meant in (part or {}).items() if meant is not None}
        for table, part in content.items()
    }


def _is_tables(content: Any) -> bool:
    """Tell whether this is a table of tables of words; one without a meaning is not decided yet."""
    if not isinstance(content, dict) or not all(isinstance(part, dict | None) for part in content.values()):
        return False
    return not any(isinstance(m, dict | list) for part in content.values() for m in (part or {}).values())


def read_decisions(path: Path) -> Decisions:
    """Return what was decided in mapping/adoptions.yaml: `adopt` lines only.

    Raises MappingIncomplete naming the section and the entry that cannot be read.
    """
    content = _read(path) if path.exists() else {}
    if not isinstance(content, dict) or content.keys() - {"contacts", "leads", "accounts"}:
        raise MappingIncomplete(
            f"mapping/{path.name} holds something else than the sections contacts, leads and accounts",
            hint="correct it, or delete it and run wherry propose",
        )
    return Decisions(
        contacts=_adopted(content, "contacts", "patient", path),
        leads=_adopted(content, "leads", "patient", path),
        accounts=_adopted(content, "accounts", "practice", path),
    )


def _adopted(content: Mapping[str, Any], section: str, key: str, path: Path) -> dict[str, int]:
    rows = content.get(section) or []
    if not isinstance(rows, list):
        raise MappingIncomplete(
            f"mapping/{path.name}: {section} is no list",
            hint=f"write `  - {{{key}: …, id: …, decision: adopt}}`",
        )
    decided: dict[str, int] = {}
    for number, row in enumerate(rows, start=1):
        entry = f"mapping/{path.name}: entry {number} of {section}"
        decision = row.get("decision") if isinstance(row, dict) else None
        if decision not in {"adopt", "separate", "undecided"}:
            raise MappingIncomplete(
                f"{entry}: decision is {decision!r}", hint="write adopt, separate or undecided"
            )
        if decision == "adopt":
            id_ = row.get("id")
            if not isinstance(id_, int) or row.get(key) in (None, ""):
                raise MappingIncomplete(
                    f"{entry}: to adopt takes {key} and id, the number of the record in Freshsales",
                    hint="write both, or run wherry propose for the lines as they were",
                )
            if id_ in decided.values():
                raise MappingIncomplete(
                    f"{entry}: {id_} is adopted twice",
                    hint="one record in Freshsales can be one record here: decide separate for all but one",
                )
            decided[str(row[key])] = id_
    return decided
