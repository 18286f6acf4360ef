"""Field metadata: from the API's rows to Field, and the streams that have no metadata to read."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from wherry.connectors.freshsales.answers import Row, as_id, as_row, as_rows, words
from wherry.connectors.freshsales.limits import MOBILE_LENGTH, TEXT_LENGTH, TEXTAREA_LENGTH, TITLE_LENGTH
from wherry.connectors.freshsales.zones import RAILS_TO_IANA
from wherry.model.catalog import Choice, Field, FieldType, Privacy, Stream

_TYPES: Mapping[str, FieldType] = {
    "text": FieldType.TEXT,
    "email": FieldType.TEXT,
    "phone": FieldType.TEXT,
    "url": FieldType.TEXT,
    "textarea": FieldType.TEXTAREA,
    "number": FieldType.NUMBER,
    "decimal": FieldType.NUMBER,
    "date": FieldType.DATE,
    "date_time": FieldType.DATETIME,
    "datetime": FieldType.DATETIME,
    "date_time_split": FieldType.DATETIME,
    "dropdown": FieldType.DROPDOWN,
    "radio": FieldType.DROPDOWN,
    "multi_select_dropdown": FieldType.MULTI_SELECT,
    "checkbox": FieldType.BOOLEAN,
    "auto_complete": FieldType.GROUP,
    "group_field": FieldType.GROUP,
    "lookup": FieldType.REFERENCE,
    "formula": FieldType.TEXT,
}
"""[L] field metadata; radio, lookup and formula [D] 50000002390; the other names [I]."""

_READ_ONLY = words("""
    display_name avatar lead_score customer_fit last_seen last_contacted last_contacted_mode
    last_contacted_sales_activity_mode last_contacted_via_sales_activity open_deals_amount won_deals_amount
    open_deals_count won_deals_count recent_note links created_at updated_at last_assigned_at is_deleted
    team_user_ids web_form_ids web_form_id active_sales_sequences completed_sales_sequences first_campaign
    first_medium first_source last_campaign last_medium last_source latest_campaign latest_medium
    latest_source locale total_sessions first_seen_chat last_seen_chat system_tags mcr_id record_type_id
    creater_id updater_id base_currency_amount expected_deal_value age upcoming_activities_time
    stage_updated_time lists contacts
    """)
"""[L]/[I] computed by the server, or not among the documented parameters of a create."""

_REFERENCES: Mapping[str, str] = {
    "owner_id": "people",
    "sales_account_id": "sales_accounts",
    "parent_sales_account_id": "sales_accounts",
    "lifecycle_stage_id": "lifecycle_stages",
    "contact_status_id": "contact_statuses",
    "lead_source_id": "lead_sources",
    "territory_id": "territories",
    "currency_id": "currencies",
    "task_type_id": "task_types",
    "outcome_id": "task_outcomes",
}
"""Field → lookup of the catalog, stream, or `people`."""

_UNIQUE = {("contacts", "external_id"), ("contacts", "email"), ("sales_accounts", "name")}
"""[D] 50000002578."""

_PRIVACY: Mapping[Privacy, frozenset[str]] = {
    Privacy.IDENTITY: frozenset({"first_name", "last_name", "external_id"}),
    Privacy.CONTACT: words("""
    email emails work_email mobile_number work_number phone phone_numbers address city state zipcode
    country facebook twitter linkedin time_zone website
    """),
    Privacy.CONSENT: words("""
    subscription_status subscription_types unsubscription_reason other_unsubscription_reason
    whatsapp_subscription_status sms_subscription_status
    """),
    Privacy.SCHEDULING: frozenset({"due_date", "from_date", "end_date", "completed_date"}),
}


def read_field(stream: str, row: Row) -> Field | None:
    """Return the Field that a row of `settings/*/fields` describes, or None for a row without a name.

    Custom fields are those whose name starts `cf_`, or whose `default` is false [L].
    """
    name = row.get("name")
    if not isinstance(name, str) or not name:
        return None
    kind = _TYPES.get(str(row.get("type")), FieldType.TEXT)
    custom = name.startswith("cf_")
    options = as_row(row.get("field_options"))
    return Field(
        name=name,
        type=kind,
        label=str(row.get("label") or name),
        required=row.get("required") is True,
        unique=(stream, name) in _UNIQUE or row.get("unique") is True or options.get("unique") is True,
        custom=custom,
        read_only=(name in _READ_ONLY and not custom) or row.get("type") == "formula",
        max_length=_length(name, kind),
        choices=_choices(row),
        references=None if custom else _REFERENCES.get(name),
        privacy=_privacy(name),
    )


def read_stream(stream: str, rows: Sequence[Row]) -> Stream:
    """Return a stream from its metadata, with the fields that metadata leaves out but the API takes [D]."""
    fields = [field for row in rows if (field := read_field(stream, row)) is not None]
    known = {field.name for field in fields}
    extra = [field for field in _UNLISTED.get(stream, ()) if field.name not in known]
    return Stream(name=stream, fields=(*fields, *extra), key="id", cursor="updated_at")


def static_streams(custom: Mapping[str, Sequence[Field]]) -> tuple[Stream, ...]:
    """Return tasks, appointments, notes and files, which have no documented metadata; custom fields as found."""
    return tuple(
        Stream(
            name=stream,
            fields=(*fields, *custom.get(stream, ())),
            key="id",
            cursor=None if stream in {"notes", "documents"} else "updated_at",
        )
        for stream, fields in _STATIC.items()
    )


def _length(name: str, kind: FieldType) -> int | None:
    if name == "mobile_number":
        return MOBILE_LENGTH
    return {FieldType.TEXT: TEXT_LENGTH, FieldType.TEXTAREA: TEXTAREA_LENGTH}.get(kind)


def _choices(row: Row) -> tuple[Choice, ...]:
    found = []
    for one in as_rows(row.get("choices")):
        value = one.get("value", one.get("name"))
        if value is not None and one.get("is_deleted") is not True:
            number = one.get("id")
            found.append(Choice(id=str(value if number is None else number), value=str(value)))
    return tuple(found)


def _privacy(name: str) -> Privacy:
    return next((kind for kind, names in _PRIVACY.items() if name in names), Privacy.COMMERCIAL)


def _static(name: str, kind: FieldType, label: str, *, required: bool = False) -> Field:
    length = TITLE_LENGTH if name in {"title", "name"} else None
    return Field(
        name=name,
        type=kind,
        label=label,
        required=required,
        read_only=name in _READ_ONLY,
        max_length=length,
        references=_REFERENCES.get(name),
        privacy=_privacy(name),
    )


_DONE = Field(
    name="status",
    type=FieldType.DROPDOWN,
    label="Status",
    choices=(Choice(id="0", value="Open"), Choice(id="1", value="Completed")),
)

_STATIC: Mapping[str, tuple[Field, ...]] = {
    "tasks": (
        _static("title", FieldType.TEXT, "Title", required=True),
        _static("description", FieldType.TEXTAREA, "Description"),
        _static("due_date", FieldType.DATETIME, "Due date", required=True),
        _DONE,
        _static("owner_id", FieldType.REFERENCE, "Owner", required=True),
        _static("task_type_id", FieldType.REFERENCE, "Task type"),
        _static("outcome_id", FieldType.REFERENCE, "Outcome"),
        _static("completed_date", FieldType.DATETIME, "Completed date"),
        _static("creater_id", FieldType.REFERENCE, "Created by"),
        _static("created_at", FieldType.DATETIME, "Created at"),
        _static("updated_at", FieldType.DATETIME, "Updated at"),
    ),
    "appointments": (
        _static("title", FieldType.TEXT, "Title", required=True),
        _static("from_date", FieldType.DATETIME, "From", required=True),
        _static("end_date", FieldType.DATETIME, "To", required=True),
        Field(
            name="time_zone",
            type=FieldType.DROPDOWN,
            label="Time zone",
            choices=tuple(Choice(id=name, value=name) for name in RAILS_TO_IANA),
        ),
        _static("location", FieldType.TEXT, "Location"),
        _static("description", FieldType.TEXTAREA, "Description"),
        _static("is_allday", FieldType.BOOLEAN, "All day"),
        _static("outcome_id", FieldType.REFERENCE, "Outcome"),
        Field(name="attendee_user_id", type=FieldType.REFERENCE, label="Attending user", references="people"),
        _static("creater_id", FieldType.REFERENCE, "Created by"),
        _static("created_at", FieldType.DATETIME, "Created at"),
        _static("updated_at", FieldType.DATETIME, "Updated at"),
    ),
    "products": (
        _static("name", FieldType.TEXT, "Name", required=True),
        _static("product_code", FieldType.TEXT, "Product code"),
        _static("description", FieldType.TEXTAREA, "Description"),
        _static("category", FieldType.TEXT, "Category"),
        _static("sku_number", FieldType.TEXT, "SKU number"),
        _static("is_active", FieldType.BOOLEAN, "Active"),
        _static("owner_id", FieldType.REFERENCE, "Owner"),
        _static("created_at", FieldType.DATETIME, "Created at"),
        _static("updated_at", FieldType.DATETIME, "Updated at"),
    ),
    "deal_products": (
        _static("products", FieldType.GROUP, "Products", required=True),
        _static("deal_amount", FieldType.MONEY, "Amount of the deal"),
    ),
    "notes": (
        _static("description", FieldType.TEXTAREA, "Description", required=True),
        _static("created_at", FieldType.DATETIME, "Created at"),
        _static("updated_at", FieldType.DATETIME, "Updated at"),
    ),
    "documents": (
        _static("name", FieldType.TEXT, "File name", required=True),
        _static("file", FieldType.TEXT, "File", required=True),
        _static("content_type", FieldType.TEXT, "Media type"),
        _static("size", FieldType.INTEGER, "Size"),
        _static("sha256", FieldType.TEXT, "Checksum of the bytes"),
        _static("created_at", FieldType.DATETIME, "Created at"),
    ),
}
"""[D] parameters of POST /tasks, /appointments, /notes, /cpq/products and /documents; deal_products [L] section 3.4.

Size and checksum of a file follow from it.
"""

_EMAIL = Field(
    name="email",
    type=FieldType.TEXT,
    label="Email",
    max_length=TEXT_LENGTH,
    privacy=Privacy.CONTACT,
)

_UNLISTED: Mapping[str, tuple[Field, ...]] = {
    "leads": (_EMAIL,),
    "contacts": (replace(_EMAIL, unique=True),),
}


def same_label(one: str, other: str) -> bool:
    """Return whether two labels name the same field: case, spaces, underscores, a trailing __c apart."""
    return plain_label(one) == plain_label(other)


def plain_label(label: str) -> str:
    """Return a label reduced to what tells it from others."""
    text = label.strip().lower().removesuffix("__c")
    return "".join(letter for letter in text if letter not in " _")


def reduced(rows: Sequence[Row], keys: Sequence[str]) -> list[Row]:
    """Return list entries with their id as a number and just these further keys."""
    found: list[Row] = []
    for row in rows:
        number = as_id(row.get("id"))
        if number is not None:
            more = {key: _number_id(key, row[key]) for key in keys if key in row}
            found.append({"id": number, **more})
    return found


def _number_id(key: str, value: object) -> str | int | float | bool | None:
    if key.endswith("_id") and isinstance(value, (str, int)):
        number = as_id(value)
        return value if number is None else number
    return value if isinstance(value, (str, int, float, bool)) else None
