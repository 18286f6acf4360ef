"""What each plan allows: calls, custom fields, features. [D] official support articles, by number below."""

from collections.abc import Mapping
from dataclasses import dataclass

from wherry.model.errors import SettingsInvalid

CALLS_PER_MINUTE = 400  # per account, all paid plans; 50000010026
BULK_ROWS = 100  # [C] the vendor's own example script

TEXT_LENGTH = 256  # 50000002390
TEXTAREA_LENGTH = 10_000
MOBILE_LENGTH = 30
DROPDOWN_OPTIONS = 300
TITLE_LENGTH = 255  # [I] a Rails string column; the limit of task titles is not documented


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """One plan's figures; `caps` are custom fields per entity by kind of field."""

    calls_per_hour: int  # per account; 50000005599
    caps: Mapping[str, int]  # 50000002390
    storage_gb_per_user: int  # 50000002563
    features: frozenset[str]


_KINDS = (
    "text", "dropdown", "textarea", "multi_select", "number", "boolean", "date", "lookup", "formula", "total",
)  # fmt: skip


def _caps(*figures: int) -> dict[str, int]:
    return dict(zip(_KINDS, figures, strict=True))


_PRO = frozenset({"appointments", "products", "multiple_pipelines", "multi_currency"})  # 50000002466
_ENTERPRISE = _PRO | {"custom_modules", "custom_activities"}  # 50000002402, 50000002466

FEATURES = tuple(sorted(_ENTERPRISE))

PLANS: Mapping[str, Limits] = {
    "free": Limits(
        calls_per_hour=1000,
        caps=_caps(0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        storage_gb_per_user=0,
        features=frozenset(),
    ),
    "growth": Limits(
        calls_per_hour=1000,
        caps=_caps(20, 30, 5, 5, 30, 30, 30, 0, 0, 150),
        storage_gb_per_user=2,
        features=frozenset(),
    ),
    "pro": Limits(
        calls_per_hour=2000,
        caps=_caps(30, 40, 10, 10, 50, 50, 50, 10, 40, 250),
        storage_gb_per_user=5,
        features=_PRO,
    ),
    "enterprise": Limits(
        calls_per_hour=5000,
        caps=_caps(70, 250, 20, 30, 70, 70, 70, 50, 40, 630),
        storage_gb_per_user=100,
        features=_ENTERPRISE,
    ),
}


def plan_limits(plan: str) -> Limits:
    """Return the figures of a plan by its name in the settings; raises SettingsInvalid for another name."""
    found = PLANS.get(plan.strip().lower())
    if found is None:
        raise SettingsInvalid(
            "[destination] plan is none of Freshsales' plans",
            hint=f"Set it to one of {', '.join(PLANS)}; it stands under Admin Settings → Plans & Billing.",
        )
    return found


def figures(plan: str, overrides: Mapping[str, object]) -> dict[str, int]:
    """Return the catalog's limits: the plan's figures, with those that the settings override.

    Names: calls_per_hour, calls_per_minute, cap_<kind> (custom fields per entity), bulk_rows,
    text_length, textarea_length, mobile_length, dropdown_options (characters, entries), file_mb,
    storage_mb_per_user, recycle_bin_days, module_fields.
    """
    limits = plan_limits(plan)
    found = {
        "calls_per_hour": limits.calls_per_hour,
        "calls_per_minute": CALLS_PER_MINUTE,
        **{f"cap_{kind}": figure for kind, figure in limits.caps.items()},
        "bulk_rows": BULK_ROWS,
        "text_length": TEXT_LENGTH,
        "textarea_length": TEXTAREA_LENGTH,
        "mobile_length": MOBILE_LENGTH,
        "dropdown_options": DROPDOWN_OPTIONS,
        "file_mb": 150,
        "storage_mb_per_user": limits.storage_gb_per_user * 1024,
        "recycle_bin_days": 90,  # 50000002562
        "module_fields": 310,  # 50000002402
    }
    for name, value in overrides.items():
        if name in found and isinstance(value, int) and not isinstance(value, bool):
            found[name] = value
    return found
