"""What the documentation leaves open, decided four times: each configuration is one way the API might be."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """One way the API might behave; the defaults are the plain reading of the documentation."""

    plan: str = "enterprise"
    per_hour: int = 100_000
    per_minute: int = 6_000
    # answers
    created: int = 200  # status of a create
    invalid: int = 400  # status of a refused body
    message_as_text: bool = False
    locale: str = "en"
    zone: str = "Europe/London"  # of the account
    text_ids: bool = False  # ids in answers come as texts here and there
    text_numbers: bool = False  # custom numbers come as texts
    date_moments: bool = False  # custom dates come as moments at midnight UTC
    escaped: bool = False  # texts of tasks, notes and appointments come as HTML
    # reading
    refuse_include: bool = False  # an unknown include value is an error
    child_includes: bool = True  # tasks, appointments and notes can be included
    child_page: int = 1000  # rows of an included list
    thin_views: bool = False
    nested_accounts: bool = True  # of a contact; else beside it, with ids in it
    lag: float = 3.0  # of everything that searches, in seconds
    search_names: bool = True  # filtered search takes external_id and cf_ names
    deleted_shown: bool = False  # a deleted record answers with is_deleted, else 404
    open_means_future: bool = False  # an overdue task is not among the open ones
    filters_overlap: bool = False  # `past` and `upcoming` answer with the same rows
    # writing
    contact_key: bool = False  # a contact needs an e-mail, a mobile number or an external id
    bin_is_unique: bool = False  # what lies in the recycle bin still holds its unique values
    choice_by_id: bool = False  # custom pick lists take the number of a choice, and show it
    creator_attends: bool = False  # who creates an appointment attends it
    # files
    files_key: str = "document_associations"  # under which they are listed
    files_nested: bool = False  # a row is the association, with the file inside
    files_own_name: bool = True  # a file is called by file_name, else by the name of its part
    files_sized: bool = True  # the list says how large a file is
    files_page: int = 100
    # jobs
    job_seconds: float = 2.0
    job_progress: bool = True
    job_vanishes: bool = False
    slow_destroy: bool = False
    # forms
    forms: bool = True
    first_code: int = 11  # of the numeric field types
    shows_all_codes: bool = True


WAYS = {
    "plain": Choices(),
    "grudging": Choices(
        created=201,
        invalid=422,
        message_as_text=True,
        locale="de",
        zone="America/New_York",
        text_ids=True,
        text_numbers=True,
        escaped=True,
        refuse_include=True,
        child_includes=False,
        thin_views=True,
        nested_accounts=False,
        search_names=False,
        deleted_shown=True,
        open_means_future=True,
        contact_key=True,
        bin_is_unique=True,
        job_progress=False,
        job_vanishes=True,
        slow_destroy=True,
        forms=False,
        files_key="links",
        files_nested=True,
        files_own_name=False,
        files_sized=False,
        files_page=2,
    ),
    "numbered": Choices(
        created=201,
        message_as_text=True,
        locale="fr",
        date_moments=True,
        choice_by_id=True,
        child_page=5,
        thin_views=True,
        filters_overlap=True,
        creator_attends=True,
        contact_key=True,
        job_progress=False,
        first_code=31,
        shows_all_codes=False,
        files_key="documents",
        files_page=1,
    ),
    "narrow": Choices(
        plan="growth",
        per_minute=900,
        invalid=422,
        text_ids=True,
        escaped=True,
        refuse_include=True,
        child_includes=False,
        nested_accounts=False,
        deleted_shown=True,
        slow_destroy=True,
        job_vanishes=True,
        bin_is_unique=True,
        open_means_future=True,
    ),
}
"""The configurations of the matrix by name."""


def way(name: str, **changed: object) -> Choices:
    """Return a configuration, with some of its values changed."""
    return replace(WAYS[name], **changed)
