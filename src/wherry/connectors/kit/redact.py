"""What may be said about a call: its method, its path of fixed words and ids, its status; never a value."""

import logging

from stamina.instrumentation import set_on_retry_hooks

from wherry.connectors.kit.exchange import Exchange
from wherry.model.errors import WherryError

LOGGER = logging.getLogger("wherry.http")

_CHATTY = ("httpx2", "httpcore2")


def silence_transport() -> None:
    """Keep the libraries below from logging addresses, whose query holds what is searched for, and headers.

    Stamina's own log lines say nothing that ours do not, and would go to stderr unformatted.
    """
    set_on_retry_hooks([])
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def log_call(exchange: Exchange, milliseconds: float, error: WherryError | None) -> None:
    """Log one call under a fixed action: `http.answered`, `http.refused` or `http.lost`."""
    action = "http.answered" if error is None else "http.refused"
    if exchange.reply is None:
        action = "http.lost"
    status = exchange.reply.status if exchange.reply else None
    facts: dict[str, object] = {
        "action": action,
        "method": exchange.method,
        "path": exchange.path,
        "status": status,
        "cause": exchange.cause,
        "ms": round(milliseconds, 1),
        "error": error.code if error else "",
    }
    level = logging.DEBUG if error is None else logging.INFO
    text = "%s %s: %s"
    LOGGER.log(level, text, exchange.method, exchange.path, status or exchange.cause, extra=facts)


def log_event(action: str, text: str, **facts: object) -> None:
    """Log something else about the conversation, such as a wait; `text` and `facts` hold no value."""
    LOGGER.info(text, extra={"action": action, **facts})
