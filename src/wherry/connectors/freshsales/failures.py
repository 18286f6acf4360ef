"""What a failed call means: every status, every lost answer, every unreadable body, one next step each."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from wherry.connectors.kit.exchange import Effect, Exchange, Form, Loss, Reply
from wherry.model.catalog import Catalog
from wherry.model.errors import (
    CredentialsRefused,
    DestinationRefused,
    OutcomeUnknown,
    ProtocolBroken,
    RateLimited,
    RecordGone,
    SettingsInvalid,
    StorageFull,
    Unavailable,
    WherryError,
)
from wherry.model.jsons import Json


class Step(StrEnum):
    """What to do next about a call."""

    FINE = "fine"
    TRY_AGAIN = "try-again"
    LOOK_FIRST = "look-first"
    REFUSE_RECORD = "refuse-record"
    STOP_RUN = "stop-run"
    ASK_HUMAN = "ask-human"


_DID_NOTHING = frozenset({421, 423, 425, 429})
_ASK = frozenset({407})
_STOP = frozenset({401, 402, 405, 406, 411, 412, 415, 416, 417, 426, 428, 431})
_UNSUPPORTED = frozenset({501, 505})


def step_for_status(status: int, effect: Effect) -> Step:
    """Return the next step for an HTTP status, the body apart.

    Statuses 400, 401, 403, 404 and 429 are documented or were seen [D]/[L]; the rest is HTTP [RFC 9110].
    """
    if 200 <= status <= 299:
        return Step.FINE
    if 300 <= status <= 399 or status in _ASK:
        return Step.ASK_HUMAN
    if status in _DID_NOTHING:
        return Step.TRY_AGAIN
    if status in _STOP:
        return Step.STOP_RUN
    if 400 <= status <= 499 and status != 408:
        return Step.REFUSE_RECORD
    return _step_for_trouble(status, effect)


def _step_for_trouble(status: int, effect: Effect) -> Step:
    """Judge 408, 5xx and what is no status at all: after a write, nobody knows what was done."""
    if effect is not Effect.READ:
        return Step.LOOK_FIRST
    if status == 408 or (500 <= status <= 599 and status not in _UNSUPPORTED):
        return Step.TRY_AGAIN
    return Step.STOP_RUN


def step_for_loss(loss: Loss, effect: Effect) -> Step:
    """Return the next step when there is no answer."""
    if loss is Loss.NEVER_VALID:
        return Step.ASK_HUMAN
    if loss is Loss.NOT_SENT or effect is Effect.READ:
        return Step.TRY_AGAIN
    return Step.LOOK_FIRST


def step_for(exchange: Exchange) -> Step:
    """Return the one next step for an exchange: status first, then the body where it changes the picture."""
    if exchange.reply is None:
        return step_for_loss(exchange.loss or Loss.MAYBE_SENT, exchange.effect)
    step = step_for_status(exchange.reply.status, exchange.effect)
    match step:
        case Step.FINE:
            return _step_for_body(exchange.reply.form, exchange.effect)
        case Step.REFUSE_RECORD:
            return _step_for_refusal(exchange, exchange.reply)
        case _:
            return step


def _step_for_body(form: Form, effect: Effect) -> Step:
    if form is Form.JSON or (form is Form.EMPTY and effect is Effect.REPEATABLE):
        return Step.FINE
    return Step.TRY_AGAIN if effect is Effect.READ else Step.LOOK_FIRST


def _step_for_refusal(exchange: Exchange, reply: Reply) -> Step:
    # A gateway's 403 page and the page of an unknown route speak of the set-up, never of one record.
    if reply.form is Form.JSON:
        return Step.REFUSE_RECORD
    wrong_route = reply.status == 404 and exchange.method == "POST"
    return Step.STOP_RUN if wrong_route or reply.status == 403 else Step.REFUSE_RECORD


# Message fragments as Rails and the captured answers word them [L]/[I]; a localised message matches none.
_FRAGMENTS: Mapping[str, tuple[str, ...]] = {
    "taken": (r"already been taken", r"already exists?", r"already in use", r"must be unique", r"duplicate"),
    "too_long": (
        r"too long",
        r"maximum (?:is|length|of)",
        r"exceed",
        r"at most \d+ char",
        r"character limit",
    ),
    "required_missing": (
        r"can(?:'|’|no)?t be (?:blank|empty|null)",
        r"(?:is|are) (?:required|missing|mandatory)",
        r"must (?:be present|not be blank)",
        r"provide a unique field",
    ),
    "invalid_choice": (
        r"not included in the list",
        r"not a valid (?:choice|option|value)",
        r"invalid (?:choice|option)",
        r"is not one of",
    ),
    "invalid_reference": (
        r"must exist",
        r"does(?:n't|n’t| not) exist",
        r"(?:not|be|couldn't) f(?:i|ou)nd",
        r"no such",
        r"the type for \S+ is invalid",
    ),
    "storage_full": (r"storage (?:limit|quota|space|is full)", r"(?:out of|insufficient|not enough) storage"),
    "forbidden": (r"not authori[sz]ed", r"forbidden", r"permission", r"access denied"),
}
_REASONS = tuple(
    (reason, re.compile("|".join(fragments), re.IGNORECASE)) for reason, fragments in _FRAGMENTS.items()
)

_JOINED = re.compile(r"[,;.]\s+")
"""Where the server joined several sentences into one text."""

_BY_STATUS = {403: "forbidden", 451: "forbidden", 413: "too_long"}

STORAGE_HINT = "Make room or buy storage at the destination, then run the same command again: what is there is not sent twice."
_HINTS = {
    "taken": "Another record already holds this value; look it up at the destination, or adopt it in the plan.",
    "too_long": "Shorten the value in the mapping, or choose a field that takes more text.",
    "invalid_choice": "Map the value to one of the field's choices, or add the choice at the destination.",
    "required_missing": "Map a value to the field, or make it optional at the destination.",
    "invalid_reference": "The record or list entry it points to is not there; discover the destination again.",
    "forbidden": "The API key's user may not do this; give its role the right, then run wherry retry.",
    "storage_full": STORAGE_HINT,
    "file_too_large": "Make the file smaller in the source and export again, or keep it outside and link to it.",
    "refused": "Try the record by hand in Freshsales to see why; then run wherry retry.",
}

BASE_URL_HINT = (
    "Check [destination] base_url: it is the bundle alias under Profile Settings → API Settings, "
    "such as https://acme.myfreshworks.com/crm/sales."
)
_UNREACHABLE_HINT = (
    "Check [destination] base_url, and that this machine reaches that server; then run the same command "
    "again: a run goes on where it stopped."
)


def messages_of(body: Json) -> list[str]:
    """Return the server's sentences, wherever it put them; they may echo values and stay inside this package.

    `errors.message` as an array or a string [L]; `errors` as a list or by field, and top-level `message`,
    `description` and `error` [C].
    """
    if not isinstance(body, dict):
        return [body] if isinstance(body, str) else []
    errors = body.get("errors")
    if isinstance(errors, dict):
        found = _texts(errors["message"]) if "message" in errors else _by_field(errors)
    else:
        found = _texts(errors)
    for name in ("message", "description", "error"):
        found += _texts(body.get(name))
    return found


def _by_field(errors: dict[str, Json]) -> list[str]:
    return [f"{name} {text}" for name, value in errors.items() for text in _texts(value)]


def _texts(value: Json) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    if isinstance(value, dict):
        return _texts(value.get("message"))
    return []


def reason_of(messages: Sequence[str], status: int = 400) -> tuple[str, str]:
    """Return the reason code and the sentence that gave it away, else the first one ("" without any)."""
    sentences = [part for text in messages for part in _JOINED.split(text)]
    for text in sentences:
        for reason, pattern in _REASONS:
            if pattern.search(text):
                return reason, text
    return _BY_STATUS.get(status, "refused"), sentences[0] if sentences else ""


def field_of(message: str, labels: Mapping[str, str]) -> str:
    """Return the name of the field that a sentence speaks of, by known labels; "" when none fits.

    A label counts where the sentence starts with it, longest first: what stands later may be a value.
    """
    text = message.lower().replace("_", " ").lstrip(" \"'")
    for label in sorted(labels, key=len, reverse=True):
        start = label.lower().replace("_", " ")
        if text.startswith(start) and not text[len(start) : len(start) + 1].isalnum():
            return labels[label]
    return ""


_DEFAULT_LABELS: Mapping[str, Mapping[str, str]] = {
    "contacts": {
        "Email": "email",
        "Emails": "email",
        "External ID": "external_id",
        "Sales owner": "owner_id",
        "Mobile": "mobile_number",
        "Mobile number": "mobile_number",
        "Last name": "last_name",
        "First name": "first_name",
    },
    "sales_accounts": {"Name": "name", "Sales owner": "owner_id"},
    "deals": {"Name": "name", "Deal value": "amount"},
    "tasks": {"Title": "title", "Due date": "due_date", "Owner": "owner_id", "Description": "description"},
    "appointments": {
        "Title": "title",
        "From date": "from_date",
        "End date": "end_date",
        "Time zone": "time_zone",
    },
    "notes": {"Description": "description"},
    "documents": {"File": "file", "Name": "name"},
}


class Failures:
    """The judge for Freshsales; learns field labels from the catalog so that it can name fields."""

    def __init__(self) -> None:
        self._labels: dict[str, dict[str, str]] = {
            stream: dict(labels) for stream, labels in _DEFAULT_LABELS.items()
        }

    def learn(self, catalog: Catalog) -> None:
        """Take over labels and names of every field of the catalog."""
        for stream in catalog.streams:
            known = self._labels.setdefault(stream.name, {})
            for field in stream.fields:
                name = f"custom_field.{field.name}" if field.custom else field.name
                known.setdefault(field.name, name)
                if field.label:
                    known.setdefault(field.label, name)

    def __call__(self, exchange: Exchange) -> WherryError | None:
        """Return the error that this exchange means, or None."""
        where = f"{exchange.method} {exchange.path}"
        what = f"answered {exchange.reply.status}" if exchange.reply else f"gave no answer ({exchange.cause})"
        match step_for(exchange):
            case Step.FINE:
                return None
            case Step.TRY_AGAIN:
                return _try_again(exchange, f"{where} {what}")
            case Step.LOOK_FIRST:
                return OutcomeUnknown(
                    f"{where} {what}; whether it was done is open",
                    hint="It is looked up before anything is sent again.",
                )
            case Step.STOP_RUN:
                return _stop(exchange, f"{where} {what}")
            case Step.ASK_HUMAN:
                return SettingsInvalid(f"{where} {what}", hint=BASE_URL_HINT)
            case Step.REFUSE_RECORD:
                return self._refusal(exchange, exchange.reply)

    def refusal_of(self, stream: str, messages: Sequence[str], status: int = 400) -> tuple[str, str]:
        """Return reason code and field ("" where it cannot be told) of the server's sentences."""
        reason, sentence = reason_of(messages, status)
        field = field_of(sentence, self._labels.get(stream, {})) if sentence else ""
        # "Sales owner is invalid": what an id field holds is a reference.
        wrong_id = reason == "refused" and field.endswith("_id") and "is invalid" in sentence
        return ("invalid_reference" if wrong_id else reason), field

    def _refusal(self, exchange: Exchange, reply: Reply | None) -> WherryError:
        status = reply.status if reply else 400
        stream = _stream_of(exchange.path)
        if status in {404, 410} and exchange.method != "POST":
            return RecordGone(
                f"{exchange.method} {exchange.path} answered {status}: it is not there",
                hint="The record was deleted at the destination; run wherry delta or wherry rollback.",
            )
        reason, field = self.refusal_of(stream, messages_of(reply.body if reply else None), status)
        if status == 404:
            reason = "invalid_reference"
        if reason == "storage_full":
            return StorageFull(
                f"{exchange.method} {exchange.path}: there is no room for files any more", hint=STORAGE_HINT
            )
        if stream == "documents" and reason == "too_long":
            reason = "file_too_large"
        about = f" (field {field})" if field else ""
        return DestinationRefused(
            f"the destination refuses this record of {stream or 'its kind'}: {reason}{about}",
            reason=reason,
            field=field,
            hint=_HINTS[reason],
        )


def _try_again(exchange: Exchange, sentence: str) -> WherryError:
    if exchange.reply is not None and exchange.reply.status == 429:
        return RateLimited(
            f"{sentence}: the API quota is used up", hint="Wait for the next hour, then run it again."
        )
    if exchange.loss is Loss.NOT_SENT:
        return Unavailable(f"{sentence}: the server cannot be reached", hint=_UNREACHABLE_HINT)
    form = exchange.reply.form if exchange.reply else Form.EMPTY
    hint = BASE_URL_HINT if form is Form.PAGE else "Run the same command again: it goes on where it stopped."
    return Unavailable(sentence, hint=hint)


def _stop(exchange: Exchange, sentence: str) -> WherryError:
    status = exchange.reply.status if exchange.reply else 0
    if status in {401, 402, 403}:
        return CredentialsRefused(
            f"{sentence}: the API key is not accepted for this",
            hint="Copy the key anew from Profile Settings → API Settings, and check its user's role and plan.",
        )
    return ProtocolBroken(f"{sentence}, which no documented behaviour explains", hint=BASE_URL_HINT)


def _stream_of(path: str) -> str:
    parts = [part for part in path.split("/") if part]
    return parts[0] if parts else ""
