"""Named cases about who people are: families, names, addresses, phones, statuses, merges."""

from clinicgen.cast import Cast
from clinicgen.diary import visit, write_note, write_visit
from clinicgen.people import Patient, fictional_nhs_number, impossible_pps_number, merge_into
from clinicgen.places import DEPARTED_CLINICIAN


def write_people_cases(cast: Cast) -> None:
    """Write all of them."""
    _families(cast)
    _no_head_and_two_homes(cast)
    _twins_and_namesakes(cast)
    _names(cast)
    _placeholders(cast)
    _phones(cast)
    _statuses(cast)
    _prospects(cast)
    _consent(cast)
    _national_ids_and_custom_fields(cast)
    _merges(cast)
    _known_at_the_destination(cast)


def _families(cast: Cast) -> None:
    mother = cast.make(3, "Órla|Ní Bhraonáin", "1984-06-12", mobile="087 555 0101", title="Ms")
    father = cast.make(3, "Eoghan|Ó Braonáin", "1982-01-30", sex="male", mobile="087 555 0102")
    girl = cast.make(3, "Fiadh|Ní Bhraonáin", "2014-09-01")
    boy = cast.make(3, "Oisín|Ó Braonáin", "2017-03-21", sex="male")
    family = [mother, father, girl, boy]
    cast.bind("Ó Braonáin family", mother, family)
    cast.share(mother, [mother, girl, boy], "muintir.braonain@example.org")
    cast.export.case(
        "family_with_head",
        "one mailbox for three; the head pays and keeps the address",
        patients=cast.enter(*family),
    )
    late = cast.make(
        1, "Edwin|Thackray", "1941-02-11", sex="male", status="deceased", deceasedDate="2026-01-19"
    )
    widow = cast.make(1, "Maud|Thackray", "1944-08-02", title="Mrs")
    son = cast.make(1, "Clive|Thackray", "1971-05-16", sex="male")
    cast.bind("Thackray family", late, [late, widow, son])
    cast.share(late, [late, widow, son], "thackrays@example.org")
    cast.export.case(
        "deceased_head",
        "the head is not loaded, so the oldest living adult keeps the address",
        patients=cast.enter(late, widow, son),
    )


def _no_head_and_two_homes(cast: Cast) -> None:
    elder = cast.make(2, "Beryl|Goodhew", "1958-11-03")
    younger = cast.make(2, "Ruth|Goodhew", "1983-04-27")
    child = cast.make(2, "Alfie|Goodhew", "2015-12-09", sex="male")
    cast.bind("Goodhew family", None, [child, younger, elder])
    cast.share(None, [child, younger, elder], "goodhews@example.org")
    cast.export.case(
        "family_without_head",
        "nobody is head: the oldest adult keeps the address",
        patients=cast.enter(child, younger, elder),
    )
    aunt = cast.make(1, "Ottilie|Inskip", "1969-07-14", email="inskip.post@example.org")
    nephew = cast.make(2, "Rory|Inskip", "1994-10-05", sex="male", email="Inskip.Post@example.org")
    cast.bind("Inskip family", aunt, [aunt])
    cast.bind("Inskip family", nephew, [nephew])
    ids = cast.enter(aunt, nephew)
    cast.export.finding("shared_email_across_households", "patients", *ids)
    cast.export.case(
        "email_across_households",
        "two homes, one address (in another case): one holder only; the households share a name, too",
        patients=ids,
    )


def _twins_and_namesakes(cast: Cast) -> None:
    parent = cast.make(4, "Nuala|Tarpey", "1988-02-02", title="Dr")
    twins = [cast.make(4, f"{first}|Tarpey", "2016-05-30", mobile="") for first in ("Ava", "Eva")]
    cast.bind("Tarpey family", parent, [parent, *twins])
    cast.share(parent, [parent, *twins], "tarpey.home@example.org")
    cast.enter(parent, *twins)
    cast.export.case(
        "twins",
        "same birth date, same address, names one letter apart: two people",
        patients=[t.id for t in twins],
    )
    one = cast.one(1, "John|Marchbank", "1962-03-04", sex="male", email="")
    two = cast.one(1, "John|Marchbank", "1990-03-04", sex="male", email="j.marchbank@example.org")
    cast.export.case("namesakes", "same name, other birth year: two people", patients=[one.id, two.id])


def _names(cast: Cast) -> None:
    people = (
        cast.one(3, "Séamus|O’Dálaigh", "1955-12-24", sex="male", email="seamus.odalaigh@example.org"),
        cast.one(3, "Bláthnaid|O'Dálaigh", "1957-01-06", email="blathnaid@example.org"),
        cast.one(1, "Jürgen|Weißgerber", "1979-09-19", sex="male", email="j.weissgerber@example.org"),
        cast.one(2, "Sunniva|Hallworth", "1999-06-21", preferredName="Sunny 🌻"),
        cast.one(1, "Anne-Marie|Smith-Okonkwo", "1973-08-08", email="am.so@example.org"),
        cast.one(4, "María José|de la Cruz Fernández", "1986-10-12", email="mj.delacruz@example.org"),
        cast.one(2, "Thi\u0302|Nguye\u0302\u0303n", "1992-02-14", email="thi.n@example.org"),
        cast.one(1, "X Æ|Å", "2001-01-01", email="xa@example.org"),
        cast.one(
            1,
            "Wolfeschlegelstein|" + "Hausenbergerdorff-" * 5 + "Senior",
            "1950-02-28",
            email="wolfe@example.org",
        ),
    )
    cast.export.case(
        "odd_names",
        "fadas, both apostrophes, ß, emoji, hyphens, spaces, combining marks, one letter, very long",
        patients=[person.id for person in people],
    )
    formula = cast.one(2, "=1+1|@Lomas", "1980-04-01", preferredName="-Lo", email="lomas@example.org")
    formula_text = cast.one(
        2,
        "Percy|Quayle",
        "1966-06-06",
        sex="male",
        email="pq@example.org",
        **{"custom:Dentist notes preference": "+44 call first"},
    )
    cast.export.case(
        "formula_like_names", "a spreadsheet would calculate these", patients=[formula.id, formula_text.id]
    )
    quoted = cast.one(
        1,
        "Sheila|Vickers",
        "1948-07-07",
        address2='The "Old" Forge, rear',
        **{"custom:Dentist notes preference": 'Line one\nline "two", and\r\nline three; done'},
    )
    cast.export.case("embedded_newlines", "quotes, commas, LF and CRLF inside a field", patients=[quoted.id])


def _placeholders(cast: Cast) -> None:
    export = cast.export
    addresses = ("noemail@example.com", "none@example.org", "x@example.net", "NoEmail@example.com")
    people = [
        cast.one(1 + at % 4, f"{first}|Umar", f"198{at}-05-05", email=address)
        for at, (first, address) in enumerate(
            zip(("Adil", "Basma", "Celik", "Dunya"), addresses, strict=True)
        )
    ]
    for person in people:
        export.finding("placeholder_email", "patients", person.id)
    export.case("placeholder_emails", "not anyone's address: null, counted", patients=[p.id for p in people])
    sentinels = [
        cast.one(2, "Gladys|Elphick", "0001-01-01", homePhone="N/A"),
        cast.one(2, "Horace|Elphick", "1901-01-01", sex="male", preferredName="AAAA"),
    ]
    for person in sentinels:
        export.finding("sentinel_date", "patients", person.id)
    export.case("sentinel_dates", "a date that means there is none", patients=[p.id for p in sentinels])


def _phones(cast: Cast) -> None:
    spellings = (
        (1, "07700 900123"),
        (1, "+44 7700 900124"),
        (1, "0044 7700 900125"),
        (2, "(07700) 900-126"),
        (2, "+44 (0)7700 900127"),
        (3, "+353 87 555 0128"),
        (3, "087-555 0129"),
        (4, "00353 87 555 0130"),
    )
    firsts = ("Ash", "Bea", "Cy", "Dot", "Eli", "Fay", "Gus", "Hal")
    people = [
        cast.one(
            where,
            f"{first}|Ringwood",
            f"197{at}-03-15",
            mobile=number,
            homePhone=("020 7946 0958" if where < 3 else "01 555 0958"),
        )
        for at, (first, (where, number)) in enumerate(zip(firsts, spellings, strict=True))
    ]
    cast.export.case("phone_spellings", "the same few forms, eight ways", patients=[p.id for p in people])
    lost = cast.one(1, "Ida|Ringwood", "1979-03-15", mobile="7700900131")
    bad = cast.one(1, "Jem|Ringwood", "1978-03-15", mobile="123", homePhone="01632 960001")
    cast.export.case("phone_without_zero", "a spreadsheet ate the leading zero", patients=[lost.id])
    cast.export.case(
        "phone_invalid",
        "too short; beside it, a fictional area code that no numbering plan lists",
        patients=[bad.id],
    )


def _statuses(cast: Cast) -> None:
    export = cast.export
    gone = cast.one(
        2, "Wilma|Skelton", "1939-10-10", status="deceased", deceasedDate="", marketingEmail="true"
    )
    export.case("deceased_without_date", "filtered all the same, and never marketable", patients=[gone.id])
    old = cast.one(1, "Bernard|Skelton", "1951-01-01", sex="male", status="archived", marketingEmail="true")
    idle = cast.one(1, "Cora|Skelton", "1961-01-02", status="inactive", marketingSms="true")
    export.case("archived_marketable", "archived wins over a consent once given", patients=[old.id])
    export.case("inactive", "loaded as the policy says", patients=[idle.id])
    homeless = cast.one(1, "Lise|Ferncombe", "1993-09-09", practiceId="")
    export.case("no_practice", "belongs to no location: the Unassigned account", patients=[homeless.id])
    left = cast.one(2, "Owen|Ferncombe", "1975-04-30", sex="male", preferredClinicianId=DEPARTED_CLINICIAN)
    export.case("departed_preferred", "prefers a clinician who has left", patients=[left.id])


def _prospects(cast: Cast) -> None:
    people = []
    for at, source in enumerate(("Google search", "Friend or family", "GP referral", "Ask-a-dentist stand")):
        first = ("Kit", "Lou", "Mo", "Nan")[at]
        person = cast.make(1 + at, f"{first}|Newcome", f"1995-0{at + 1}-11", referralSource=source)
        person.prospect = True
        person.row |= {"preferredClinicianId": "", "custom:First seen": ""}
        people.append(person)
    cast.export.case("prospects", "asked, never booked", patients=cast.enter(*people))


def _consent(cast: Cast) -> None:
    channels = ("allowEmail", "allowSms", "allowPost", "marketingEmail", "marketingSms")
    unknown = cast.one(1, "Pia|Consett", "1987-07-17", **dict.fromkeys(channels, ""))
    spelt = dict(zip(channels, ("Yes", "n", "1", "TRUE", "0"), strict=True))
    various = cast.one(1, "Quin|Consett", "1988-07-17", **spelt, consentDate="2025-05-25")
    cast.export.case("consent_unknown", "unknown is no consent", patients=[unknown.id])
    cast.export.case("consent_spellings", "Yes, n, 1, TRUE, 0", patients=[various.id])


def _national_ids_and_custom_fields(cast: Cast) -> None:
    full = {
        "custom:Dentist notes preference": "Wants the mirror held so that she can see",
        "custom:Preferred language": "Gaeilge",
        "custom:Loyalty tier": "Gold",
        "custom:Newsletter topics": "Offers;Oral health tips;Children",
        "custom:Mouthguard size": "7.5",
    }
    rich = cast.one(
        1,
        "Rhoda|Allfields",
        "1970-10-20",
        title="Prof",
        preferredName="Rho",
        mobile="07700 900140",
        homePhone="020 7946 0140",
        workPhone="0161 496 0140",
        address3="Upper Weir",
        allowSms="true",
        allowPost="false",
        marketingEmail="true",
        marketingSms="false",
        consentDate="2025-11-30",
        carePlanId="2",
        referralSource="Friend or family",
        insuranceProvider="Northstar Health",
        preferredAppointmentTime="Morning",
        nhsNumber=fictional_nhs_number(cast.rng),
        **full,
    )
    cast.export.case(
        "every_field", "no column of the patient is empty that can be filled", patients=[rich.id]
    )
    irish = cast.one(3, "Sorcha|Allfields", "1971-10-20", ppsNumber=impossible_pps_number(cast.rng))
    cast.export.case(
        "national_ids",
        "a number of the never-issued 999 range; one whose letter is wrong",
        patients=[rich.id, irish.id],
    )


def _merges(cast: Cast) -> None:
    export = cast.export
    master = cast.one(1, "Tamsin|Oldroyd", "1985-05-15", mobile="07700 900150")
    middle = merge_into(export, master, "2025-06-10T09:00", still_listed=False)
    first = merge_into(export, middle, "2024-11-04T17:20", still_listed=True)
    for duplicate in (middle, first):
        _history_of(cast, duplicate)
    export.case(
        "merge_chain",
        "a was merged into b, b into c: everything belongs to c; b's row is gone",
        patients=[first.id, middle.id, master.id],
    )
    other = cast.one(4, "Uinseann|Tynan", "1947-01-23", sex="male")
    duplicate = merge_into(export, other, "2026-02-02T12:00", still_listed=True)
    _history_of(cast, duplicate)
    export.case("merge_listed", "the duplicate's row is still there", patients=[duplicate.id, other.id])


def _history_of(cast: Cast, duplicate: Patient) -> None:
    number = write_visit(cast.export, duplicate, visit(duplicate, "2024-05-14", "11:15", "completed"))
    write_note(
        cast.export, duplicate, "2024-05-14T11:40", "Seen before the records were merged.", (number, "")
    )


def _known_at_the_destination(cast: Cast) -> None:
    people = (
        cast.one(
            1, "Harriet|Pemberton-Vale", "1976-04-18", email="harriet.pv@example.net", mobile="07700 900160"
        ),
        cast.one(3, "Cathal|Mac an tSaoir", "1968-11-29", sex="male", email="cathal.mas@example.net"),
    )
    cast.export.case(
        "already_at_destination",
        "the CRM knows these two people, without a source id: a match that a person approves",
        patients=[p.id for p in people],
    )
    borrowed = cast.one(2, "Verity|Sandiford", "1990-12-01", email="office@sandiford.example")
    cast.export.case(
        "email_of_another_contact",
        "the CRM has this address on someone else: never a match",
        patients=[borrowed.id],
    )
