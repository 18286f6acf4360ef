"""The taxonomy: every way in which a call can fail has exactly one next step."""

import inspect
import json
from typing import Any

import httpx2
import pytest

from wherry.connectors.freshsales.failures import (
    Failures,
    Step,
    field_of,
    messages_of,
    reason_of,
    step_for,
    step_for_status,
)
from wherry.connectors.kit.exchange import Effect, Exchange, Form, Loss, Reply
from wherry.connectors.kit.http import ApiClient, Connection
from wherry.connectors.kit.patience import Pace
from wherry.model.catalog import Catalog, Field, FieldType, Stream
from wherry.model.errors import (
    AskHuman,
    DestinationRefused,
    LookFirst,
    RateLimited,
    RecordGone,
    RefuseRecord,
    StopRun,
    TryAgain,
    WherryError,
)

KINDS = {
    Step.TRY_AGAIN: TryAgain,
    Step.LOOK_FIRST: LookFirst,
    Step.REFUSE_RECORD: RefuseRecord,
    Step.STOP_RUN: StopRun,
    Step.ASK_HUMAN: AskHuman,
}
EFFECTS = list(Effect)
TRANSPORT_ERRORS = sorted(
    (
        one
        for _, one in inspect.getmembers(httpx2, inspect.isclass)
        if issubclass(one, Exception) and one.__module__.startswith("httpx2")
    ),
    key=lambda one: one.__name__,
)
NOT_SENT = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError"}
NEVER_VALID = {"InvalidURL", "UnsupportedProtocol"}


def raised(kind: type[Exception]) -> Exception:
    request = httpx2.Request("GET", "https://acme.example/secret?q=patient")
    tries: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        (("secret",), {}),
        (("secret",), {"request": request}),
        (("secret",), {"request": request, "response": httpx2.Response(500, request=request)}),
        ((), {}),
    ]
    for args, kwargs in tries:
        try:
            return kind(*args, **kwargs)
        except TypeError:
            continue
    raise AssertionError(f"cannot make a {kind.__name__}")


def error_for(kind: type[Exception], effect: Effect, api: Any) -> WherryError:
    def handle(_: httpx2.Request) -> httpx2.Response:
        raise raised(kind)

    connection = Connection(
        base_url="https://acme.example",
        pace=Pace(tries=2, throttled_tries=2),
        transport=httpx2.MockTransport(handle),
    )
    client = ApiClient(connection, budget=api.budget, clock=api.clock, judge=Failures())
    with pytest.raises(WherryError) as caught:
        client.request("GET", "/contacts/1", effect=effect)
    return caught.value


def test_there_are_exceptions_to_walk() -> None:
    assert len(TRANSPORT_ERRORS) >= 25
    assert {one.__name__ for one in TRANSPORT_ERRORS} >= NOT_SENT | NEVER_VALID | {
        "ReadTimeout",
        "CloseError",
    }


@pytest.mark.parametrize("kind", TRANSPORT_ERRORS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("effect", EFFECTS)
def test_every_transport_error_has_one_next_step(kind: type[Exception], effect: Effect, api: Any) -> None:
    error = error_for(kind, effect, api)
    if kind.__name__ in NEVER_VALID:
        assert isinstance(error, AskHuman)
    elif kind.__name__ in NOT_SENT or effect is Effect.READ:
        assert isinstance(error, TryAgain)
    else:
        assert isinstance(error, LookFirst)
    assert "secret" not in str(error)
    assert "secret" not in repr(error.__context__)


ASKING = {*range(300, 400), 407}
HARMLESS = {421, 423, 425, 429}
STOPPING = {401, 402, 405, 406, 411, 412, 415, 416, 417, 426, 428, 431}
REFUSING = set(range(400, 500)) - ASKING - HARMLESS - STOPPING - {408}
OPEN = {*range(100, 200), 408, *range(500, 600)}
TRIED_AGAIN = {408, *range(500, 600)} - {501, 505}


def expected_step(status: int, effect: Effect) -> Step:
    after_open = Step.LOOK_FIRST
    if effect is Effect.READ:
        after_open = Step.TRY_AGAIN if status in TRIED_AGAIN else Step.STOP_RUN
    table = [
        (set(range(200, 300)), Step.FINE),
        (ASKING, Step.ASK_HUMAN),
        (HARMLESS, Step.TRY_AGAIN),
        (STOPPING, Step.STOP_RUN),
        (REFUSING, Step.REFUSE_RECORD),
        (OPEN, after_open),
    ]
    steps = [step for statuses, step in table if status in statuses]
    assert len(steps) == 1, status
    return steps[0]


@pytest.mark.parametrize("effect", EFFECTS)
def test_every_status_has_one_next_step_and_its_class_of_error(effect: Effect) -> None:
    judge = Failures()
    for status in range(100, 600):
        reply = Reply(status=status, body={"errors": {"code": status, "message": ["no"]}})
        exchange = Exchange(method="PUT", path="/contacts/1", effect=effect, reply=reply)
        step = expected_step(status, effect)
        assert step_for_status(status, effect) is step, status
        error = judge(exchange)
        if step is Step.FINE:
            assert error is None
            continue
        kinds = [kind for kind in KINDS.values() if isinstance(error, kind)]
        assert kinds == [KINDS[step]], status


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("form", [Form.PAGE, Form.BROKEN, Form.EMPTY])
def test_an_unreadable_body_leaves_a_write_open_and_a_read_to_be_tried_again(
    form: Form, effect: Effect
) -> None:
    exchange = Exchange(method="POST", path="/contacts", effect=effect, reply=Reply(status=200, form=form))
    step = step_for(exchange)
    if effect is Effect.READ:
        assert step is Step.TRY_AGAIN
    elif form is Form.EMPTY and effect is Effect.REPEATABLE:
        assert step is Step.FINE
    else:
        assert step is Step.LOOK_FIRST


@pytest.mark.parametrize("loss", list(Loss))
def test_a_lost_answer_without_a_reply_is_judged_by_its_loss(loss: Loss) -> None:
    step = step_for(Exchange(method="POST", path="/notes", effect=Effect.ONCE, loss=loss, cause="X"))
    assert (
        step
        is {
            Loss.NOT_SENT: Step.TRY_AGAIN,
            Loss.MAYBE_SENT: Step.LOOK_FIRST,
            Loss.NEVER_VALID: Step.ASK_HUMAN,
        }[loss]
    )


def refusal(status: int, body: Any, *, method: str = "POST", path: str = "/contacts") -> WherryError | None:
    reply = Reply(status=status, body=body, form=Form.JSON if body is not None else Form.PAGE)
    return Failures()(Exchange(method=method, path=path, effect=Effect.ONCE, reply=reply))


@pytest.mark.parametrize(
    ("message", "reason", "field"),
    [
        ("External ID has already been taken", "taken", "external_id"),
        ("Email has already been taken", "taken", "email"),
        ("First name is too long (maximum is 256 characters)", "too_long", "first_name"),
        ("Last name can't be blank", "required_missing", "last_name"),
        ("Last name can’t be blank", "required_missing", "last_name"),
        ("Status is not included in the list", "invalid_choice", ""),
        ("Sales owner is invalid", "invalid_reference", "owner_id"),
        ("Owner must exist", "invalid_reference", ""),
        ("The type for sales_accounts is invalid.", "invalid_reference", ""),
        ("You are not authorised to do this", "forbidden", ""),
        ("Something else is wrong", "refused", ""),
        ("Der Wert ist bereits vergeben", "refused", ""),
    ],
)
@pytest.mark.parametrize("shape", ["array", "string", "top", "list", "rows"])
def test_a_refusal_gets_its_code_and_field_in_every_shape(
    message: str, reason: str, field: str, shape: str
) -> None:
    bodies: dict[str, Any] = {
        "array": {"errors": {"code": 400, "message": [message]}},
        "string": {"errors": {"code": 400, "message": f"{message}, Another one is wrong"}},
        "top": {"message": message},
        "list": {"errors": [message]},
        "rows": {"errors": [{"message": message}]},
    }
    error = refusal(400, bodies[shape])
    assert isinstance(error, DestinationRefused)
    assert (error.reason, error.field) == (reason, field)
    assert error.hint


def test_errors_by_field_name_their_field() -> None:
    error = refusal(400, {"errors": {"last_name": ["can't be blank"]}})
    assert isinstance(error, DestinationRefused)
    assert (error.reason, error.field) == ("required_missing", "last_name")


def test_a_server_message_never_reaches_the_error() -> None:
    body = {"errors": {"code": 400, "message": ["Email lee.moss@example.com has already been taken"]}}
    error = refusal(400, body)
    assert isinstance(error, DestinationRefused)
    assert error.reason == "taken"
    text = json.dumps([error.message, error.hint, error.field, *error.details, *map(str, error.args)])
    assert "lee" not in text


def test_labels_of_custom_fields_are_learned_from_the_catalog() -> None:
    field = Field(name="cf_practice", label="Practice", type=FieldType.DROPDOWN, custom=True)
    judge = Failures()
    judge.learn(Catalog(system="freshsales", streams=(Stream(name="contacts", fields=(field,)),)))
    body = {"errors": {"code": 400, "message": ["Practice is not included in the list"]}}
    error = judge(
        Exchange(method="POST", path="/contacts", effect=Effect.ONCE, reply=Reply(status=400, body=body))
    )
    assert isinstance(error, DestinationRefused)
    assert (error.reason, error.field) == ("invalid_choice", "custom_field.cf_practice")


def test_a_label_counts_only_where_the_sentence_starts_with_it() -> None:
    labels = {"Name": "name", "Name of clinic": "cf_clinic"}
    assert field_of("Name of clinic can't be blank", labels) == "cf_clinic"
    assert field_of("Names are wrong", labels) == ""
    assert field_of("The value Name is wrong", labels) == ""


@pytest.mark.parametrize(
    ("status", "body", "method", "kind"),
    [
        (404, None, "POST", StopRun),
        (404, {"errors": {"message": "not found"}}, "POST", DestinationRefused),
        (404, None, "GET", RecordGone),
        (404, {"errors": {"message": "not found"}}, "PUT", RecordGone),
        (410, {}, "DELETE", RecordGone),
        (403, None, "POST", StopRun),
        (403, {"errors": {"code": 403, "message": ["nicht erlaubt"]}}, "POST", DestinationRefused),
        (401, {"message": "Incorrect or expired API key"}, "GET", StopRun),
        (429, None, "POST", RateLimited),
    ],
)
def test_pages_of_a_gateway_never_count_against_one_record(
    status: int, body: Any, method: str, kind: type[WherryError]
) -> None:
    assert isinstance(refusal(status, body, method=method), kind)


def test_a_forbidden_write_is_a_reject_with_its_code() -> None:
    error = refusal(403, {"errors": {"code": 403, "message": ["nicht erlaubt"]}})
    assert isinstance(error, DestinationRefused)
    assert error.reason == "forbidden"


@pytest.mark.parametrize(
    "body", [None, [], 7, {"errors": None}, {"errors": {"message": None}}, {"errors": 3}]
)
def test_odd_bodies_give_no_message_and_no_crash(body: Any) -> None:
    assert messages_of(body) == []
    assert reason_of(messages_of(body)) == ("refused", "")
