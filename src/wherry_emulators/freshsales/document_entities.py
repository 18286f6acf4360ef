"""The entities beside the standard ones: sales documents, files, links and definitions of custom modules."""

from wherry_emulators.freshsales.entity import Entity

ADDRESSES = tuple(
    f"{kind}_{part}"
    for kind in ("shipping", "billing")
    for part in ("address", "city", "state", "zipcode", "country")
)
_ONLY_WHOLE = ("html_content", "html_content_css", "html_content_settings", "html_header", "html_footer")

CPQ_DOCUMENT = Entity(
    key="cpq_document",
    plural="cpq_documents",
    model="CpqDocument",
    label="Document",
    shown={
        **dict.fromkeys(
            ("id", "deal_id", "contact_id", "sales_account_id", "document_type", "stage", "valid_till")
        ),
        **dict.fromkeys(ADDRESSES),
        "owner_id": None,
        "amount": 0.0,
        "currency_code": None,
        "base_currency_amount": None,
        "creater_id": None,
        "updater_id": None,
        "custom_field": None,
        "created_at": None,
        "updated_at": None,
        "is_deleted": False,
        "document_number": None,
        "territory_id": None,
        "is_deal_primary": False,
        "products": (),
        "display_name": None,
        **dict.fromkeys(_ONLY_WHOLE),
        "email_template_id": None,
        "cpq_document_template_name": None,
        "has_products": False,
        "pricing_table_settings": '{"show_sales_tax":true}',
        "signatures": (),
        "signed_url": None,
        "has_signatures": False,
        "signing_order_modified": None,
    },
    volatile=frozenset({"document_number", "base_currency_amount"}),
)

DOCUMENT = Entity(
    key="document",
    plural="documents",
    model="Document",
    label="File",
    shown={
        **dict.fromkeys(
            ("id", "name", "content_type", "size", "url", "created_at", "updated_at", "creater_id")
        ),
        "is_shared": False,
        "targetables": (),
    },
    volatile=frozenset({"url"}),
)

DOCUMENT_LINK = Entity(
    key="document_link",
    plural="document_links",
    model="DocumentLink",
    label="Link",
    shown={
        **dict.fromkeys(("id", "name", "url", "created_at", "updated_at", "creater_id")),
        "is_shared": False,
        "targetables": (),
    },
)

MODULE_CUSTOMIZATION = Entity(
    key="module_customization",
    plural="module_customizations",
    model="ModuleCustomization",
    label="Module",
    shown={
        **dict.fromkeys(
            (
                "id",
                "entity_name",
                "singular_name",
                "plural_name",
                "table_name",
                "coll_id",
                "icon",
                "description",
            )
        ),
        "custom": True,
        "status": 1,
        "position": None,
        "configs": None,
        "layout_customizations": None,
        "renaming_customizations": None,
        "resource_path_for_navigation": None,
        "show_in_navigation_menu": True,
        "created_at": None,
        "updated_at": None,
    },
    volatile=frozenset({"form_id", "coll_id"}),
)

BESIDE: tuple[Entity, ...] = (CPQ_DOCUMENT, DOCUMENT, DOCUMENT_LINK, MODULE_CUSTOMIZATION)
