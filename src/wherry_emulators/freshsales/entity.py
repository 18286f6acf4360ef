"""What each entity is called, what a plain read of it shows, and which reference ids a plain read hides."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One kind of record, described by data.

    ``key`` is the root key of a single record, ``plural`` that of lists and paths, ``model`` the name used in
    targetables and metadata. ``shown`` are the keys of a plain read with the value an unset one has;
    ``hidden`` are those that only an include brings. ``is_custom`` marks the records of a custom module.
    """

    key: str
    plural: str
    model: str
    label: str
    shown: Mapping[str, Any]
    hidden: tuple[str, ...] = ()
    has_schema: bool = False
    is_module: bool = False
    is_custom: bool = False
    link_names: tuple[str, ...] = ()
    volatile: frozenset[str] = field(default_factory=frozenset)


def _keys(names: str, **other: Any) -> dict[str, Any]:
    return {name: other.get(name) for name in names.split()}


CONTACT = Entity(
    key="contact",
    plural="contacts",
    model="Contact",
    label="Contact",
    has_schema=True,
    is_module=True,
    shown=_keys(
        "id first_name last_name display_name avatar job_title city state zipcode country email emails time_zone "
        "work_number mobile_number address last_seen lead_score last_contacted open_deals_amount "
        "won_deals_amount links last_contacted_sales_activity_mode custom_field created_at updated_at keyword "
        "medium last_contacted_mode recent_note won_deals_count last_contacted_via_sales_activity "
        "completed_sales_sequences active_sales_sequences web_form_ids open_deals_count last_assigned_at "
        "facebook twitter linkedin is_deleted team_user_ids external_id work_email subscription_status "
        "subscription_types unsubscription_reason other_unsubscription_reason customer_fit "
        "whatsapp_subscription_status sms_subscription_status last_seen_chat first_seen_chat locale "
        "total_sessions system_tags first_campaign first_medium first_source last_campaign last_medium "
        "last_source latest_campaign latest_medium latest_source mcr_id phone_numbers tags",
        emails=(),
        phone_numbers=(),
        tags=(),
        system_tags=(),
        lead_score=0,
        customer_fit=2,
        is_deleted=False,
        open_deals_amount="0.0",
        won_deals_amount="0.0",
        won_deals_count=0,
        open_deals_count=0,
    ),
    hidden=(
        "owner_id",
        "lifecycle_stage_id",
        "contact_status_id",
        "lost_reason_id",
        "territory_id",
        "lead_source_id",
        "campaign_id",
        "lists",
        "creater_id",
        "updater_id",
    ),
    link_names=(
        "conversations",
        "timeline_feeds",
        "document_associations",
        "notes",
        "tasks",
        "appointments",
        "reminders",
        "duplicates",
        "connections",
    ),
)

SALES_ACCOUNT = Entity(
    key="sales_account",
    plural="sales_accounts",
    model="SalesAccount",
    label="Account",
    has_schema=True,
    is_module=True,
    shown=_keys(
        "id name address city state zipcode country number_of_employees annual_revenue website owner_id phone "
        "open_deals_amount open_deals_count won_deals_amount won_deals_count last_contacted "
        "last_contacted_mode facebook twitter linkedin links custom_field created_at updated_at avatar "
        "parent_sales_account_id recent_note last_contacted_via_sales_activity "
        "last_contacted_sales_activity_mode completed_sales_sequences active_sales_sequences "
        "last_assigned_at is_deleted team_user_ids web_form_ids tags",
        tags=(),
        is_deleted=False,
        open_deals_amount="0.0",
        won_deals_amount="0.0",
        won_deals_count=0,
        open_deals_count=0,
    ),
    hidden=("industry_type_id", "business_type_id", "territory_id", "creater_id", "updater_id"),
    link_names=("conversations", "document_associations", "notes", "tasks", "appointments"),
)

DEAL = Entity(
    key="deal",
    plural="deals",
    model="Deal",
    label="Deal",
    has_schema=True,
    is_module=True,
    shown=_keys(
        "id name amount base_currency_amount expected_close closed_date stage_updated_time custom_field "
        "probability updated_at created_at deal_pipeline_id deal_stage_id age links recent_note "
        "completed_sales_sequences active_sales_sequences web_form_id upcoming_activities_time collaboration "
        "last_assigned_at last_contacted_sales_activity_mode last_contacted_via_sales_activity "
        "expected_deal_value is_deleted team_user_ids avatar fc_widget_collaboration forecast_category "
        "deal_prediction deal_prediction_last_updated_at freddy_forecast_metrics last_deal_prediction "
        "has_products rotten_days tags",
        tags=(),
        is_deleted=False,
        deal_prediction=0,
        has_products=False,
    ),
    hidden=(
        "owner_id",
        "sales_account_id",
        "contacts",
        "currency_id",
        "deal_type_id",
        "deal_reason_id",
        "deal_payment_status_id",
        "territory_id",
        "lead_source_id",
        "campaign_id",
        "creater_id",
        "updater_id",
    ),
    link_names=("conversations", "document_associations", "notes", "tasks", "appointments"),
    volatile=frozenset({"stage_updated_time"}),
)

TASK = Entity(
    key="task",
    plural="tasks",
    model="Task",
    label="Task",
    shown=_keys(
        "id status title description created_at updated_at owner_id due_date completed_date creater_id updater_id "
        "outcome_id task_type_id targetables",
        status=0,
        targetables=(),
    ),
)

APPOINTMENT = Entity(
    key="appointment",
    plural="appointments",
    model="Appointment",
    label="Appointment",
    shown=_keys(
        "id time_zone title description location is_allday outcome_id from_date end_date created_at updated_at "
        "provider creater_id latitude longitude checkedin_at can_checkin_checkout checkedout_latitude "
        "checkedout_longitude checkedout_location checkedout_at checkedin_duration can_checkin conference_id "
        "targetables",
        is_allday=False,
        provider="freshsales",
        can_checkin_checkout=True,
        can_checkin=True,
        targetables=(),
    ),
)

SALES_ACTIVITY = Entity(
    key="sales_activity",
    plural="sales_activities",
    model="SalesActivity",
    label="Sales activity",
    has_schema=True,
    shown=_keys(
        "id title start_date end_date sales_activity_type_id created_at updated_at notes owner_id "
        "sales_activity_outcome_id remote_id import_id creater_id updater_id conversation_time targetable_id "
        "targetable_type latitude longitude location checkedin_at conversation_id checkedout_latitude "
        "checkedout_longitude checkedout_location checkedout_at checkedin_duration custom_field "
        "completed_date status targetables",
        status=False,
        targetables=(),
    ),
    volatile=frozenset({"targetable_id", "targetable_type", "conversation_time"}),
)

NOTE = Entity(
    key="note",
    plural="notes",
    model="Note",
    label="Note",
    shown=_keys(
        "id description created_at updated_at url duration creater_id has_access collab_context targetables",
        has_access=True,
        targetables=(),
    ),
    volatile=frozenset({"collab_context", "has_access"}),
)

PRODUCT = Entity(
    key="product",
    plural="products",
    model="Product",
    label="Product",
    shown=_keys(
        "id name category custom_field product_code sku_number parent_product territory_id valid_till is_active "
        "owner_id is_deleted created_at updated_at pricing_type avatar base_currency_amount creater_id "
        "updater_id description",
        is_active=True,
        is_deleted=False,
        pricing_type=0,
    ),
)

PHONE_CALL = Entity(
    key="phone_call",
    plural="phone_calls",
    model="PhoneCall",
    label="Phone call",
    shown=_keys(
        "id call_direction call_duration call_notes recording created_at updated_at targetables",
        targetables=(),
    ),
)

LEAD = Entity(
    key="lead",
    plural="leads",
    model="Lead",
    label="Lead",
    has_schema=True,
    is_module=True,
    shown=_keys(
        "id first_name last_name display_name avatar job_title city state zipcode country email emails time_zone "
        "work_number mobile_number phone_numbers address facebook twitter linkedin medium keyword lead_score "
        "last_contacted last_contacted_mode recent_note links custom_field created_at updated_at "
        "last_assigned_at is_deleted tags",
        emails=(),
        phone_numbers=(),
        tags=(),
        lead_score=0,
        is_deleted=False,
    ),
    hidden=(
        "owner_id",
        "lead_stage_id",
        "territory_id",
        "lead_source_id",
        "campaign_id",
        "creater_id",
        "updater_id",
    ),
    link_names=("conversations", "document_associations", "notes", "tasks", "appointments"),
)

LIST = Entity(key="list", plural="lists", model="List", label="List", shown={"id": None, "name": None})

STANDARD: tuple[Entity, ...] = (
    CONTACT,
    SALES_ACCOUNT,
    DEAL,
    TASK,
    APPOINTMENT,
    SALES_ACTIVITY,
    NOTE,
    PRODUCT,
    LIST,
    PHONE_CALL,
    LEAD,
)

BEHAVIOURS: tuple[tuple[str, str, str], ...] = (
    ("Keys of a plain read, and the reference ids it hides", "[L]", "RV, section 1.4"),
    ("A deal's collaboration tokens are left as empty objects", "[I]", "section 3.3"),
)
