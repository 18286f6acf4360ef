"""The product catalogue, and the products of a deal: no list, no view, no upsert. [D] section CPQ, by absence.

What is known of a deal's products is read with the deal; attaching them overwrites its amount [L], so
the amount that a deal is to have is set again behind every change of them.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from wherry.connectors.freshsales.answers import Row, as_id, as_number, as_row, as_rows, record_of, rows_of
from wherry.connectors.freshsales.entities import DEALS, PRODUCTS
from wherry.connectors.freshsales.observed import observe
from wherry.connectors.kit.exchange import Effect
from wherry.connectors.kit.http import ApiClient
from wherry.model.diff import Observed
from wherry.model.errors import RecordGone, RefuseRecord, UsageInvalid
from wherry.model.jsons import Json
from wherry.model.operation import Operation, Verb
from wherry.model.ports import Written

STREAM = "deal_products"
LIST = "/selector/deal_products"
"""Lists the products that deals may have. [C] two clients; where it is missing, products cannot be found again."""

DEAL, PRODUCT = "deal", "product:"
ROWS, AMOUNT = "products", "deal_amount"
_INCLUDE = {"include": "products"}
_NOBODY = 1  # ids have eleven digits [L]


@dataclass(slots=True)
class Catalogue:
    """Reads products, and remembers which code each has: codes are what rows of a deal are told apart by."""

    client: ApiClient
    _codes: dict[int, str] = field(default_factory=dict)

    def all(self, known: Collection[int] = ()) -> Iterator[Observed]:
        """Yield every live product but those that are known; one call, and one a product."""
        for number in self._listed():
            found = self.one(number) if number not in known else None
            if found is not None:
                yield found

    def one(self, number: int) -> Observed | None:
        """Return a product, or None where it is gone. One call."""
        try:
            body = self.client.request("GET", f"{PRODUCTS.path}/{number}").body
        except RecordGone:
            return None
        record = record_of(body, PRODUCTS)
        if record is None:
            return None
        found = observe(PRODUCTS, record, alone=True)
        self._codes[number] = _code(found)
        return None if found.deleted else found

    def find(self, code: str) -> Observed | None:
        """Return the product of that code, the one with the lowest id; those named like it are asked first."""
        rows = self._listed()
        order = sorted(rows, key=lambda number: (rows[number] != code, number))
        for number in order:
            known = self._codes.get(number)
            if known is not None and known != code:
                continue
            found = self.one(number)
            if found is not None and _code(found) == code:
                return found
        return None

    def code_of(self, number: int, name: str) -> str:
        """Return a product's code, its name where it has none; a call where it is not known yet."""
        if number not in self._codes:
            self.one(number)
        return self._codes.get(number) or name

    def _listed(self) -> dict[int, str]:
        rows = rows_of(self.client.request("GET", LIST).body, STREAM)
        return {number: str(row.get("name") or "") for row in rows if (number := as_id(row.get("id")))}


@dataclass(frozen=True, slots=True, kw_only=True)
class DealProducts:
    """Reads and writes the products of deals; a record of this stream has the id of its deal."""

    client: ApiClient
    catalogue: Catalogue

    def fetch(self, ids: Sequence[int]) -> Iterator[Observed]:
        """Yield what these deals hold, as far as they hold anything; one call a deal."""
        for number in ids:
            found = self.one(number)
            if found is not None and found.fields[ROWS]:
                yield found

    def one(self, deal: int) -> Observed | None:
        """Return a deal's products and amount, or None where the deal is gone."""
        try:
            body = self.client.request("GET", f"{DEALS.path}/{deal}", params=_INCLUDE).body
        except RecordGone:
            return None
        record = record_of(body, DEALS)
        if record is None or record.get("is_deleted") is True:
            return None
        return self._observed(deal, record, as_row(body))

    def find(self, operation: Operation) -> Observed | None:
        """Return the deal's products where they are what the operation makes them, its amount included."""
        deal = operation.destination_id or operation.links.get(DEAL)
        found = self.one(deal) if deal is not None else None
        if found is None or not found.fields[ROWS]:
            return None
        wanted = {name: operation.fields.get(name) for name in (ROWS, AMOUNT)}
        shown = {name: found.fields[name] for name in (ROWS, AMOUNT)}
        return found if operation.verb is not Verb.CREATE or wanted == shown else None

    def write(self, operation: Operation) -> Written:
        """Attach, change or take away a deal's products, then set its amount again where that changed it.

        Every call may be sent again: a row is known by its product, [L] section 3.4.
        """
        deal = operation.destination_id or operation.links.get(DEAL)
        if deal is None:
            raise UsageInvalid(f"{operation.id}: products without the id of their deal")
        if operation.verb is Verb.DELETE:
            wanted: Json = (operation.before or {}).get(AMOUNT)
            return self._take_away(deal, wanted)
        rows = self._rows(operation, deal)
        record, body = self._put(deal, {"products": rows}) if rows else (None, {})
        amount = operation.fields.get(AMOUNT)
        if amount is not None and (record is None or as_number(record.get("amount")) != amount):
            record, body = self._put(deal, {"amount": amount})
        seen = self._observed(deal, record, body) if record is not None else None
        after = {name: seen.fields[name] for name in operation.fields if name in seen.fields} if seen else {}
        return Written(destination_id=deal, after=after)

    def _take_away(self, deal: int, amount: Json) -> Written:
        try:
            record, _ = self._put(deal, {"products": []})
            if amount is not None and (record is None or as_number(record.get("amount")) != amount):
                self._put(deal, {"amount": amount})
        except RecordGone:
            pass
        return Written(destination_id=deal, after={})

    def _put(self, deal: int, values: Row) -> tuple[Row | None, Row]:
        body = self.client.request(
            "PUT",
            f"{DEALS.path}/{deal}",
            params=_INCLUDE,
            json={DEALS.root: values},
            effect=Effect.REPEATABLE,
        ).body
        return record_of(body, DEALS), as_row(body)

    def _rows(self, operation: Operation, deal: int) -> list[Json]:
        """Return the rows to send: those that are wanted, and where others were there before, those that are to go."""
        links = dict(operation.links)
        wanted = {str(row.get("code")): row for row in as_rows(operation.fields.get(ROWS))}
        rows: list[Json] = []
        if (operation.verb is Verb.UPDATE or operation.before) and ROWS in operation.fields:
            there = self.one(deal)
            present = {} if there is None else dict(there.links)
            links = {
                name: ids[0] for name, ids in present.items() if name.startswith(PRODUCT) and ids
            } | links
            shown = {str(row.get("code")) for row in as_rows(there.fields[ROWS])} if there else set()
            rows += [{"id": links[PRODUCT + code], "_destroy": True} for code in sorted(shown - set(wanted))]
        for code, row in wanted.items():
            number = links.get(PRODUCT + code) or self._number_of(code)
            rows.append({"id": number, **{name: value for name, value in row.items() if name != "code"}})
        return rows

    def _number_of(self, code: str) -> int:
        """Return the id of a product that the operation only names by its code, as one that undoes another does."""
        found = self.catalogue.find(code)
        if found is None:
            raise RecordGone("the product of a deal's line is not there any more")
        return found.id

    def _observed(self, deal: int, record: Row, body: Row) -> Observed:
        shown = record.get("products", body.get("products"))
        rows: dict[str, Row] = {}
        links: dict[str, tuple[int, ...]] = {DEAL: (deal,)}
        for row in as_rows(shown):
            number = as_id(row.get("product_id")) or as_id(row.get("id"))
            if number is None:
                continue
            code = self.catalogue.code_of(number, str(row.get("name") or number))
            links[PRODUCT + code] = (number,)
            rows[code] = {
                "code": code,
                "quantity": as_number(row.get("quantity")),
                "unit_price": as_number(row.get("unit_price")),
            }
        listed: list[Json] = [rows[code] for code in sorted(rows)]
        return Observed(
            stream=STREAM,
            id=deal,
            fields={ROWS: listed, AMOUNT: as_number(record.get("amount"))},
            links=links,
            updated_at=str(record.get("updated_at") or ""),
        )


def has_catalogue(client: ApiClient) -> bool:
    """Return whether this account lists products for deals, and lets them be read. Two calls, no write.

    An account without a catalogue may still answer with an empty list [?]: a product that cannot be there
    is then refused as forbidden, not as missing.
    """
    try:
        body = client.request("GET", LIST).body
    except RefuseRecord:
        return False
    try:
        client.request("GET", f"{PRODUCTS.path}/{_NOBODY}")
    except RecordGone:
        pass
    except RefuseRecord:
        return False
    return isinstance(body, list) or STREAM in as_row(body)


def _code(found: Observed) -> str:
    return str(found.fields.get("product_code") or "").strip()
