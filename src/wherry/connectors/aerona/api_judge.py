"""What an answer of AeronaClinic's API means, and what a person can do about it."""

from wherry.connectors.aerona.api_profile import Login
from wherry.connectors.kit.exchange import Exchange, Form, Loss, Reply
from wherry.model.errors import (
    CredentialsRefused,
    PreflightFailed,
    RateLimited,
    SettingsInvalid,
    StopRun,
    Unavailable,
    WherryError,
)

WRONG_HOST = "Check [source] base_url: it is the part of the API's address before `login`."


class TokenRefused(StopRun):
    """The token is not, or no longer, good."""

    code = "token_refused"


class NotAllowed(CredentialsRefused):
    """This user may not read this list."""


class NotThere(StopRun):
    """There is nothing at this path."""

    code = "not_there"


def judge(exchange: Exchange, login: Login) -> WherryError | None:
    """Return the error that an exchange means, or None when all is well."""
    reply = exchange.reply
    if reply is None:
        return _lost(exchange)
    logging_in = exchange.path.strip("/") == login.path.strip("/")
    if logging_in and reply.status in login.locked_status:
        return CredentialsRefused(
            "AeronaClinic has locked this user",
            hint="Have the practice unlock the user in AeronaClinic, check WHERRY_SOURCE__PASSWORD, then try once.",
        )
    if reply.status == 401:
        return _refused(logging_in=logging_in)
    return _by_status(exchange, reply)


def _lost(exchange: Exchange) -> WherryError:
    if exchange.loss is Loss.NEVER_VALID:
        return SettingsInvalid("[source] base_url cannot be used as an address", hint=WRONG_HOST)
    if exchange.loss is Loss.NOT_SENT:
        return Unavailable(
            f"AeronaClinic cannot be reached: nothing answers at that address ({exchange.cause})",
            hint=f"{WRONG_HOST} A firewall or a missing network looks like this, too.",
        )
    return Unavailable(
        f"AeronaClinic did not answer {exchange.path} ({exchange.cause})",
        hint="Run the same command again: what was read is kept.",
    )


def _refused(*, logging_in: bool) -> WherryError:
    if logging_in:
        return CredentialsRefused(
            "AeronaClinic refuses the user name or the password",
            hint="Check WHERRY_SOURCE__USERNAME and WHERRY_SOURCE__PASSWORD; too many wrong tries lock the user.",
        )
    return TokenRefused("AeronaClinic refuses the token")


def _by_status(exchange: Exchange, reply: Reply) -> WherryError | None:
    path, status = exchange.path, reply.status
    if status == 403:
        return NotAllowed(
            f"this user may not read {path}",
            hint="Have the practice give the API user the right to read it, in AeronaClinic's user settings.",
        )
    if status in {404, 410}:
        return NotThere(f"there is no {path} at that address", hint=WRONG_HOST)
    if status == 429:
        return RateLimited("AeronaClinic's limit of calls is reached")
    if status >= 500:
        return Unavailable(
            f"AeronaClinic answers {path} with status {status}",
            hint="It may be under maintenance. Run the same command again later: what was read is kept.",
        )
    return _by_form(exchange, reply)


def _by_form(exchange: Exchange, reply: Reply) -> WherryError | None:
    if reply.status >= 300:
        return PreflightFailed(
            f"AeronaClinic answers {exchange.path} with status {reply.status}",
            hint="Compare the profile ([source] profile) with the API's specification.",
        )
    if reply.form is Form.BROKEN:
        return Unavailable(f"AeronaClinic answers {exchange.path} with no JSON that can be read")
    if reply.form is Form.PAGE:
        return PreflightFailed("at that address is a web page, and no API", hint=WRONG_HOST)
    return None
