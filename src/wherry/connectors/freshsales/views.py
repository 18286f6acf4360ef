"""Views: the only way to list contacts, accounts and deals. [D] official docs."""

from wherry.connectors.freshsales.answers import Row, as_id, need_rows
from wherry.connectors.freshsales.entities import Entity, is_module
from wherry.connectors.kit.http import ApiClient
from wherry.model.errors import ProtocolBroken, RefuseRecord

_BIN = "recycle bin"
_CLOSED_DEALS = ("open deals", "won deals", "lost deals")
"""Where a tenant has no 'All Deals', these three hold every live deal [I]."""


class Views:
    """Finds, and remembers, the views that together hold every live record of a stream."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._known: dict[str, tuple[int, ...]] = {}
        self._bins: dict[str, int] = {}

    def of_bin(self, entity: Entity) -> int | None:
        """Return the id of the view of deleted records, by its English name; None where there is none."""
        self.of_everything(entity)
        return self._bins.get(entity.stream)

    def of_everything(self, entity: Entity) -> tuple[int, ...]:
        """Return the id of the view of all records, or the ids of the views whose union that is.

        The view is found by its English name; a tenant in another language gets the union of its views
        of that kind. One call at first use. Raises ProtocolBroken when there is no view at all; for a custom
        module, whose views no documented call lists [?], the tuple is empty then.
        """
        if entity.stream not in self._known:
            self._known[entity.stream] = self._find(entity)
        return self._known[entity.stream]

    def _find(self, entity: Entity) -> tuple[int, ...]:
        path = f"{entity.path}/filters"
        try:
            body = self._client.request("GET", path).body
        except RefuseRecord as error:
            if is_module(entity.stream):
                return ()
            raise ProtocolBroken(
                f"GET {path} is refused ({error.reason}), so {entity.stream} cannot be listed",
                hint="The API key's user must be allowed to see this module.",
            ) from None
        # A colleague may have made a view of the same name that shows a part: the account's own come first.
        rows = sorted(need_rows(body, "filters", path), key=_of_a_person)
        bins = [as_id(row.get("id")) for row in rows if str(row.get("name") or "").strip().lower() == _BIN]
        if bins and bins[0] is not None:
            self._bins[entity.stream] = bins[0]
        found = _choose(entity, rows)
        if not found and not is_module(entity.stream):
            raise ProtocolBroken(
                f"there is no view of {entity.stream} to list them by",
                hint=f"Create or share a view named '{entity.all_view}' in Freshsales.",
            )
        return found


def _choose(entity: Entity, rows: list[Row]) -> tuple[int, ...]:
    named: dict[str, int] = {}
    of_model: list[int] = []
    for row in rows:
        number, name = as_id(row.get("id")), str(row.get("name") or "").strip().lower()
        if number is None or name == _BIN or row.get("model_class_name") not in {entity.model, None}:
            continue
        named.setdefault(name, number)
        of_model.append(number)
    if entity.all_view.lower() in named:
        return (named[entity.all_view.lower()],)
    of_all = [number for name, number in named.items() if name.startswith("all ")]
    if is_module(entity.stream) and of_all:
        return (of_all[0],)
    if entity.stream == "deals" and all(name in named for name in _CLOSED_DEALS):
        return tuple(named[name] for name in _CLOSED_DEALS)
    return tuple(of_model)


def _of_a_person(row: Row) -> bool:
    """Return whether a person made the view: the account's own have the user id 0 [L]."""
    return (as_id(row.get("user_id")) or 0) != 0
