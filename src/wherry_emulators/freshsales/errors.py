"""What a refused call looks like: the error a handler raises, and the JSON it becomes."""

from typing import Any, Literal

MessageAs = Literal["array", "string"]

BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    (
        'A refusal is {"errors": {"code": N, "message": [...]}}; message may also be one string',
        "[L]",
        "Captured validation errors; switch errors.message_as",
    ),
    (
        "An unknown route, or a known one with the wrong verb, is a 404 with an HTML body",
        "[C]",
        "Client code",
    ),
)

UNKNOWN_ROUTE_HTML = (
    "<!DOCTYPE html>\n<html>\n<head><title>The page you were looking for doesn't exist (404)</title></head>\n"
    "<body><h1>The page you were looking for doesn't exist.</h1></body>\n</html>\n"
)


class ApiError(Exception):
    """A call is refused with this HTTP status and these messages.

    Raise it in a handler: ``ApiError(400, "Name has already been taken")``. The server renders it in the
    documented shape. Messages are sentences in the style of the original (Rails: label, then complaint) and
    never hold a submitted value.
    """

    def __init__(self, status: int, *messages: str) -> None:
        super().__init__(status, *messages)
        self.status = status
        self.messages: tuple[str, ...] = messages


def error_body(status: int, messages: tuple[str, ...], message_as: MessageAs) -> dict[str, Any]:
    """Write the JSON body of a refusal: ``{"errors": {"code": status, "message": messages}}``.

    ``message_as`` "string" joins the messages with a comma and a blank, as a single message would read.
    """
    message: list[str] | str = ", ".join(messages) if message_as == "string" else list(messages)
    return {"errors": {"code": status, "message": message}}
