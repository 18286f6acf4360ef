"""Routes of custom modules: their definitions and forms under `settings`, their records under `custom_module`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.routing import Route

from wherry_emulators.freshsales.bulk import selected
from wherry_emulators.freshsales.custom_modules import (
    KEY,
    define,
    prepare_definition,
    rename,
    require_custom_modules,
)
from wherry_emulators.freshsales.errors import ApiError
from wherry_emulators.freshsales.includes import single_body
from wherry_emulators.freshsales.records import (
    MODULES,
    change,
    clone,
    create,
    create_status,
    discard,
    forget,
    forgettable,
    readable,
)
from wherry_emulators.freshsales.render import plain
from wherry_emulators.freshsales.settings_routes import create_field, forms_body
from wherry_emulators.freshsales.views import filters_body, scroll_body, view_body
from wherry_emulators.freshsales.wire import Record, Reply, RequestData, route, unwrap

if TYPE_CHECKING:
    from wherry_emulators.freshsales.state import State

_ROOT = "/settings/module_customizations"
_RECORDS = "/custom_module/{entity}"
Act = Callable[["State", str, RequestData], Any]


def routes(state: "State") -> list[Route]:
    """Routes of definitions, forms and records, refused with 403 on plans without custom modules."""
    definitions: dict[tuple[str, str], Callable[[RequestData], Any]] = {
        (_ROOT, "GET"): lambda _asked: _list(state),
        (_ROOT, "POST"): lambda asked: _define(state, asked),
        (f"{_ROOT}/{{id:int}}", "GET"): lambda asked: _definition(state, state.get(KEY, asked.id)),
        (f"{_ROOT}/{{id:int}}", "PUT"): lambda asked: _redefine(state, asked),
        (f"{_ROOT}/{{id:int}}", "DELETE"): lambda asked: _undefine(state, asked),
    }
    found = [
        route(path, verb, _gated(state, handler), state.lock) for (path, verb), handler in definitions.items()
    ]
    return found + [_entity_route(state, path, verb, act) for (path, verb), act in _ACTS.items()]


def _gated(state: "State", handler: Callable[[RequestData], Any]) -> Callable[[RequestData], Any]:
    def run(asked: RequestData) -> Any:
        require_custom_modules(state)
        return handler(asked)

    return run


def _entity_route(state: "State", path: str, verb: str, act: Act) -> Route:
    def run(asked: RequestData) -> Any:
        key = str(asked.path["entity"])
        if not key.startswith("cm_"):
            raise HTTPException(404)
        require_custom_modules(state)
        entity = state.entities.get(key)
        if entity is None:
            raise ApiError(404, "Module not found")
        return act(state, key, asked)

    return route(path, verb, run, state.lock)


def _definition(state: "State", record: Record) -> Record:
    return {KEY: plain(state, KEY, record)}


def _list(state: "State") -> Record:
    standard = [
        {
            "id": place,
            "entity_name": key,
            "singular_name": state.entities[key].label,
            "plural_name": f"{state.entities[key].label}s",
            "custom": False,
            "status": 1,
            "position": place,
        }
        for place, key in enumerate(MODULES, 1)
    ]
    made = [plain(state, KEY, record) for record in state.tables[KEY].live()]
    return {"module_customizations": [*standard, *made]}


def _define(state: "State", asked: RequestData) -> Reply:
    values = prepare_definition(state, None, unwrap(asked.body, KEY))
    record = state.insert(KEY, values)
    define(state, record)
    return Reply(_definition(state, record), create_status(state, KEY))


def _redefine(state: "State", asked: RequestData) -> Record:
    old = state.get(KEY, asked.id)
    record = state.update(KEY, old, prepare_definition(state, old, unwrap(asked.body, KEY)))
    rename(state, record)
    return _definition(state, record)


def _undefine(state: "State", asked: RequestData) -> Record:
    definition = state.get(KEY, asked.id)
    key = definition["entity_name"]
    for record in list(state.tables[key].everything()):
        forget(state, key, record)
    state.drop_entity(key)
    state.erase(KEY, asked.id)
    return {"message": f"{definition['singular_name']} module deleted."}


def _body(key: str, asked: RequestData) -> Record:
    return unwrap(asked.body, key)


def _forms(state: "State", key: str, asked: RequestData) -> Record:
    del asked
    return forms_body(state, key)


def _create_field(state: "State", key: str, asked: RequestData) -> Record:
    return create_field(state, key, asked.id, asked.body)


def _create(state: "State", key: str, asked: RequestData) -> Reply:
    record = create(state, key, _body(key, asked))
    return Reply(single_body(state, key, record, asked.includes), create_status(state, key))


def _get(state: "State", key: str, asked: RequestData) -> Record:
    return single_body(state, key, readable(state, key, asked.id), asked.includes)


def _put(state: "State", key: str, asked: RequestData) -> Record:
    record = change(state, key, state.get(key, asked.id), _body(key, asked))
    return single_body(state, key, record, asked.includes)


def _delete(state: "State", key: str, asked: RequestData) -> Record:
    discard(state, key, state.get(key, asked.id), asked.body)
    return {"message": f"{state.entities[key].label} deleted."}


def _forget(state: "State", key: str, asked: RequestData) -> bool:
    forget(state, key, forgettable(state, key, asked.id))
    return True


def _clone(state: "State", key: str, asked: RequestData) -> Reply:
    record = clone(state, key, state.get(key, asked.id), _body(key, asked))
    return Reply(single_body(state, key, record, asked.includes), create_status(state, key))


def _bulk_destroy(state: "State", key: str, asked: RequestData) -> Record:
    chosen = selected(state, key, asked.body)
    for record in chosen:
        discard(state, key, record, asked.body)
    return {"message": f"{len(chosen)} records deleted."}


def _filters(state: "State", key: str, asked: RequestData) -> Record:
    del asked
    return filters_body(state, key)


_ACTS: dict[tuple[str, str], Act] = {
    ("/settings/{entity}/forms", "GET"): _forms,
    ("/settings/{entity}/forms/{id:int}/fields", "POST"): _create_field,
    (_RECORDS, "POST"): _create,
    (f"{_RECORDS}/{{id:int}}", "GET"): _get,
    (f"{_RECORDS}/{{id:int}}", "PUT"): _put,
    (f"{_RECORDS}/{{id:int}}", "DELETE"): _delete,
    (f"{_RECORDS}/{{id:int}}/forget", "DELETE"): _forget,
    (f"{_RECORDS}/{{id:int}}/clone", "POST"): _clone,
    (f"{_RECORDS}/bulk_destroy", "POST"): _bulk_destroy,
    (f"{_RECORDS}/filters", "GET"): _filters,
    (f"{_RECORDS}/view/{{id:int}}", "GET"): view_body,
    (f"{_RECORDS}/scroll/{{id:int}}", "GET"): scroll_body,
}

BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("settings/module_customizations lists the standard modules too, with custom false", "[C]", "GF"),
    ("Deleting a module forgets its records; it answers a message", "[I]", "section 3.13"),
    (
        "Records: create, read, update, delete (a message), forget (true), clone, bulk_destroy; no upsert",
        "[D]/[L]",
        "MC; BF",
    ),
    ("A record and lists of records stand under the entity name", "[C]/[I]", "client code; lists inferred"),
    ("The creator is creator_id on custom modules only", "[L]", "client code"),
    (
        "Views of a custom module: its filters, All …, My …, Recycle Bin",
        "[C]/[I]",
        "client code; names inferred",
    ),
    ("A note, task or appointment on a record names its type in CamelCase, as CmSite", "[I]", "section 3.7"),
)
