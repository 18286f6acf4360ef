"""Everything that was gathered, and a dry run, make one frozen plan."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from wherry.mapping.apply import UPLOADED
from wherry.model.catalog import Catalog
from wherry.model.jsons import Json
from wherry.model.mapping import Mapping as StreamMapping
from wherry.model.plan import Basis, Plan, Stage
from wherry.model.policy import Policies
from wherry.model.run import RecordState
from wherry.planning.budget import Volume, calls_each, forecast, load_calls
from wherry.planning.dryrun import Tally
from wherry.planning.order import stream_order
from wherry.planning.steps import Step
from wherry.planning.storage import Storage, storage_of, warnings

LOST_WITH_ROLLBACK = "custom fields that prepare creates stay: Freshsales documents no call that removes them"

MODULE_STAYS = "the custom module that prepare makes stays, with its fields and empty of our records"
# What a record is waiting for, by its reason.
UNTIL: Mapping[str, str] = {
    "sign_off_required": "somebody signs: reports/instalments.csv, then wherry approve DIGEST --for instalments --by NAME",
    "blocked_by_parent": "the record that it belongs to is signed or mended; it follows by itself",
}

MODULE_CALLS = 5  # look, make, look again, and read its forms on the way


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldLine:
    """A custom field that the plan writes: there already, created by API, or an admin's step."""

    stream: str
    label: str
    type: str
    exists: bool
    choices: tuple[str, ...] = ()
    module: str = ""  # label of the custom module that it belongs to

    def by_api(self, abilities: Mapping[str, bool]) -> bool:
        """Return whether the API is expected to create it: documented for modules, probed elsewhere."""
        return bool(self.module) or abilities.get("create_fields", False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a plan is made of."""

    basis: Basis
    facts: Mapping[str, Mapping[str, Json]]
    created_at: str
    catalog: Catalog
    mappings: Sequence[StreamMapping]
    mapping_data: Sequence[Mapping[str, Json]]
    policies: Policies
    reserve: float
    tally: Tally
    owners: Sequence[Mapping[str, Json]]
    adoptions: Sequence[Mapping[str, Json]]
    demotions: Sequence[Mapping[str, Json]]
    accounts: Sequence[Mapping[str, Json]]
    fields: Sequence[FieldLine]
    steps: Sequence[Step]
    classes: Callable[[str], Iterable[str]] = field(default=lambda _source: ())
    warnings: Sequence[str] = ()
    modules: Sequence[str] = ()  # labels of custom modules that prepare makes


def build(inputs: Inputs) -> Plan:
    """Freeze the plan; the same inputs give the same digest."""
    volumes = _volumes(inputs.tally)
    calls = forecast(volumes, len(inputs.tally.parents), inputs.catalog, inputs.reserve)
    abilities = inputs.catalog.abilities
    made = [line for line in inputs.fields if not line.exists and line.by_api(abilities)]
    prepare = len(made) * 2 + 2 + len(inputs.modules) * MODULE_CALLS
    storage = storage_of(inputs.tally, inputs.catalog)
    return Plan(
        basis=inputs.basis,
        created_at=inputs.created_at,
        mappings=tuple(inputs.mapping_data),
        policies=dict(asdict(inputs.policies)),
        stages=_stages(inputs),
        calls={
            "prepare": prepare,
            "load": calls.load,
            "read_back": calls.read_back,
            "rollback": calls.rollback,
            "total": prepare + calls.load + calls.read_back,
        },
        hours=calls.hours,
        streams=_streams(inputs.tally),
        rejects=_reasons(inputs.tally, RecordState.REJECTED),
        no_equivalent=_reasons(inputs.tally, RecordState.NO_EQUIVALENT) + _unmapped(inputs.mappings),
        owners=tuple(inputs.owners),
        adoptions=tuple(inputs.adoptions),
        demotions=tuple(inputs.demotions),
        accounts=tuple(inputs.accounts),
        fields=tuple(_field_line(line, creatable=line.by_api(abilities)) for line in inputs.fields),
        manual_steps=tuple(step.as_json() for step in inputs.steps),
        irreversible=_irreversible(made, inputs.modules, storage),
        locked=tuple(
            {"class": name, "stream": stream, "records": count}
            for (name, stream), count in sorted(inputs.tally.locked.items())
        ),
        warnings=(*inputs.warnings, *warnings(storage)),
        extra={
            "facts": inputs.facts,
            "deferred": _deferred(inputs.tally),
            "links": dict(sorted(inputs.tally.links.items())),
            "storage": storage.as_json(),
        },
    )


def _irreversible(
    fields: Sequence[FieldLine], modules: Sequence[str], storage: Storage
) -> tuple[dict[str, Json], ...]:
    lines: list[dict[str, Json]] = [
        {
            "what": f"custom field '{line.label}' on {line.stream}",
            "why": LOST_WITH_ROLLBACK,
            "stream": line.stream,
            "field": line.label,
        }
        for line in fields
        if line.module not in modules
    ]
    lines += [{"what": f"custom module '{label}' and its fields", "why": MODULE_STAYS} for label in modules]
    if storage.files:
        what = f"{storage.files:,} files ({storage.bytes:,} bytes), once the class documents is opened"
        lines.append({"what": what, "why": UPLOADED})
    return tuple(lines)


def _volumes(tally: Tally) -> dict[str, Volume]:
    volumes: dict[str, Volume] = {}
    for (_source, destination), line in tally.writes.items():
        known = volumes.get(destination, Volume(writes=0))
        volumes[destination] = Volume(
            writes=known.writes + line.writes,
            bulk=known.bulk + line.bulk,
            calls_each=calls_each(destination),
        )
    return volumes


def _stages(inputs: Inputs) -> tuple[Stage, ...]:
    order = stream_order(inputs.mappings)
    stages: list[Stage] = []
    for mapping in sorted(inputs.mappings, key=lambda m: (order.index(m.source), m.stage, m.name)):
        line = inputs.tally.writes.get((mapping.source, mapping.destination))
        if line is None or any(
            s.source == mapping.source and s.destination == mapping.destination for s in stages
        ):
            continue
        locked = {name for (name, stream), _n in inputs.tally.locked.items() if stream == mapping.source}
        stages.append(
            Stage(
                order=len(stages) + 1,
                mapping=mapping.name,
                source=mapping.source,
                destination=mapping.destination,
                records=line.records,
                writes=line.writes,
                calls=load_calls(
                    Volume(writes=line.writes, bulk=line.bulk, calls_each=calls_each(mapping.destination))
                ),
                bulk=line.bulk > 0,
                privacy=tuple(sorted(locked)),
            )
        )
    return tuple(stages)


def _streams(tally: Tally) -> dict[str, dict[str, int]]:
    streams: dict[str, dict[str, int]] = {}
    for name, states in sorted(tally.states.items()):
        streams[name] = {"read": sum(states.values()), **{str(s): n for s, n in sorted(states.items())}}
    return streams


def _deferred(tally: Tally) -> list[dict[str, Json]]:
    """Return what waits, and what for: nothing is wrong with these records themselves."""
    lines = _reasons(tally, RecordState.DEFERRED)
    return [{**line, "until": UNTIL.get(str(line["reason"]), "")} for line in lines]


def _reasons(tally: Tally, wanted: RecordState) -> tuple[dict[str, Json], ...]:
    return tuple(
        {
            "stream": stream,
            "state": state,
            "reason": reason,
            "count": count,
            "hint": tally.hints.get((stream, reason)) or f"see docs/reference/reasons.md#{reason}",
            "keys": list(tally.samples.get((stream, reason), [])),
        }
        for (stream, state, reason), count in sorted(tally.reasons.items())
        if state == wanted
    )


def _unmapped(mappings: Sequence[StreamMapping]) -> tuple[dict[str, Json], ...]:
    lines: dict[tuple[str, str], str] = {}
    for mapping in mappings:
        for name, reason in mapping.unmapped.items():
            lines.setdefault((mapping.source, name), reason)
    return tuple(
        {"stream": stream, "field": name, "reason": reason}
        for (stream, name), reason in sorted(lines.items())
    )


def _field_line(line: FieldLine, *, creatable: bool) -> dict[str, Json]:
    how = "exists" if line.exists else "by_api" if creatable else "by_admin"
    return {
        "stream": line.stream,
        "label": line.label,
        "type": line.type,
        "choices": list(line.choices),
        "exists": line.exists,
        "how": how,
    }
