"""Names, addresses, phones and e-mail."""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

import phonenumbers
from ruamel.yaml import YAML

from wherry.mapping.ask import Ask, Noted, Outcome, Problem
from wherry.mapping.coerce import one_line, text_of
from wherry.mapping.transforms.registry import transform

PHONE_LENGTH = 30  # characters of Freshsales' phone fields: [D] crmsupport 50000002390
_EMAIL = re.compile(r"[^\s@<>(),;:\"\[\]\\]+@[^\s@<>(),;:\"\[\]\\.]+(\.[^\s@<>(),;:\"\[\]\\.]+)+")


@cache
def _countries() -> Mapping[str, str]:
    text = resources.files("wherry.mapping").joinpath("countries.yaml").read_text(encoding="utf-8")
    table = YAML(typ="safe", pure=True).load(text)
    return {str(name).casefold(): str(code) for code, names in table.items() for name in names}


def region_of(country: str, default: str) -> str:
    """Return the ISO code of a country as written, or the default."""
    word = " ".join(country.replace(".", "").split()).casefold()
    code = _countries().get(word, word.upper())
    return code if code in phonenumbers.SUPPORTED_REGIONS else default


@transform(sources=(1, 4), compare="text")
def full_name(ask: Ask) -> Outcome:
    """The filled parts of a name, with single spaces."""
    return " ".join(filter(None, (one_line(value) for value in ask.values))) or None


@transform(compare="phone_e164")
def phone_e164(ask: Ask) -> Outcome:
    """The number in E.164; what cannot be read as one number stays as written, and is noted.

    The region is the patient's country, else `default_region` of the policy.
    """
    written = one_line(ask.first)
    if not written:
        return None
    region = region_of(text_of(ask.of("country")), ask.context.policies.default_region)
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return _as_written(written, "phone_unreadable")
    if number.extension:
        return _as_written(written, "phone_extension")
    if not _sure(number, written, region):
        return _as_written(written, "phone_unreadable")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _sure(number: phonenumbers.PhoneNumber, written: str, region: str) -> bool:
    """Whether this is one whole number: of a possible length if its prefix is written, else one in use.

    Numbers that are possible but in no list of ranges exist too, and E.164 keeps each of their digits.
    """
    if phonenumbers.is_valid_number(number):
        return True
    trunk = phonenumbers.ndd_prefix_for_region(region, True) or ""
    digits = phonenumbers.normalize_digits_only(written)
    prefixed = written.startswith(("+", "00")) or (trunk != "" and digits.startswith(trunk))
    return prefixed and phonenumbers.is_possible_number(number)


def _as_written(written: str, why: str) -> Outcome:
    if len(written) > PHONE_LENGTH:
        return Problem(
            reason="phone_too_long",
            detail=f"no readable number, and longer than {PHONE_LENGTH} characters",
            hint="shorten it in the source, then run `wherry retry`",
        )
    return Noted(value=written, reason=why)


def email_of(value: object) -> str | None:
    """Return the address trimmed and with its domain in lower case, or None where it is none."""
    written = text_of(value)
    if len(written) > 254 or not _EMAIL.fullmatch(written):
        return None
    local, _, domain = written.rpartition("@")
    return f"{local}@{domain.lower()}"


def _place(ask: Ask) -> tuple[str | None, str]:
    """Return the address, and why it may not be the primary one (empty: it may)."""
    address = email_of(ask.first)
    if address is None:
        return None, "email_invalid" if text_of(ask.first) else ""
    if ask.record.facts.get("email_holder") is False:
        return address, "email_demoted"
    # An address that only the contact to be adopted holds is not among the taken ones.
    if address.lower() in ask.context.taken_emails:
        return address, "email_taken"
    return address, ""


@transform(compare="email")
def email(ask: Ask) -> Outcome:
    """The address, domain in lower case; an invalid one is left blank, and noted."""
    address = email_of(ask.first)
    if address is None and text_of(ask.first):
        return Noted(value=None, reason="email_invalid")
    return address


@transform(compare="email")
def primary_email(ask: Ask) -> Outcome:
    """The address where this record may hold it alone; Freshsales allows each primary address once."""
    address, why_not = _place(ask)
    return Noted(value=None, reason=why_not) if why_not else address


@transform(compare="email")
def secondary_email(ask: Ask) -> Outcome:
    """The address where another contact holds it as its primary one."""
    address, why_not = _place(ask)
    return address if why_not else None
