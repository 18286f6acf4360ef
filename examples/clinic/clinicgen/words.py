"""Invented names and places to draw from; nobody here exists."""


def _words(text: str) -> tuple[str, ...]:
    """Return the words; a joining underscore keeps a name of two words together."""
    return tuple(word.replace("_", " ") for word in text.split())


FIRST = {
    "GB": _words(
        "Abigail Adam Alice Amelia Amit Arthur Beatrice Benjamin Caleb Charlotte Clara Daisy Dylan Edith Elijah Ellen "
        "Esme Ethan Farah Felix Florence Frederick George Grace Hannah Harriet Harvey Ibrahim Imogen Isaac Ivy Jacob "
        "Jasmine Joshua Kamal Kezia Leila Leo Lydia Mabel Maisie Martha Maya Nathan Nia Noah Olive Oscar Phoebe Ravi "
        "Reuben Rosalind Samir Sophia Stanley Tessa Theo Violet Wilfred Zara"
    ),
    "IE": _words(
        "Aidan Áine Aisling Aoibhinn Bríd Brónagh Caoimhe Ciarán Cillian Clodagh Colm Conall Dara Darragh Deirdre "
        "Diarmuid Éabha Eimear Éanna Fiachra Fionn Gearóid Iarla Iseult Lorcan Maebh Mairéad Méabh Muireann Niamh Nóra "
        "Odhrán Oisín Orla Pádraig Ríona Róisín Ruairí Sadhbh Saoirse Seán Síle Sorcha Tadhg Tiernan Tomás Úna"
    ),
}
LAST = {
    "GB": _words(
        "Abara Ainsley Alderson Ashdown Bancroft Barlowe Beckwith Bhatt Birtles Blackwood Brightwell Calloway Chaudry "
        "Colbeck Copperfield Crowther Dalby Denholm Dunmore Eastwick Ekwueme Elphick Fairbairn Fenwick Garside Goodhew "
        "Greenhalgh Haddow Harcastle Hollis Inskip Jessop Kaczmarek Kettering Lathom Lindqvist Lomas Marchbank "
        "Merriweather Mistry Nuttall Okafor Oldroyd Pargeter Pemberton Quayle Ramsbottom Rowntree Sandiford Sethi "
        "Skelton Summerscale Tattersall Thackray Umar Vickers Wainscott Whitcombe Yarrow"
    ),
    "IE": _words(
        "Breathnach Breslin Cafferkey Coakley Corcoran Creaven Cullinane Devaney Dillane Feerick Finnerty Fogarty "
        "Gallachóir Geraghty Hession Hoare Kavanagh Keaveney Lally Leneghan Loughnane MacCarthaigh MacGiolla Melia "
        "Moynihan Mulcair Mulvihill Naughton Nolan Ó_Briain Ó_Cuinn Ó_Flatharta Ó_Súilleabháin O'Gara O’Dea O’Leary "
        "Prendiville Quilty Rabbitte Scanlon Scully Tarpey Tierney Tynan Uí_Cheallaigh Varley"
    ),
}
STREETS = _words(
    "Mill_Lane Orchard_Road Chapel_Street The_Green Station_Road Larkspur_Close Weaver_Row Hazel_Grove Bridge_Street "
    "Kiln_Hill Abbey_Walk Foxglove_Drive Quarry_Terrace Sycamore_Avenue Tannery_Yard Harbour_View"
)
REFERRALS = (
    "Google search",
    "Friend or family",
    "Instagram",
    "Walk-in",
    "GP referral",
    "Practice website",
    "Local paper",
)
INSURERS = ("", "", "", "Denplan-like Mutual", "Northstar Health", "Laya-like Cover", "VHI-like Cover")
TIMES = ("", "", "Morning", "Afternoon", "After 17:00", "Saturday")
LANGUAGES = ("English", "English", "English", "Gaeilge", "Polski", "Português", "Українська")
TIERS = ("", "", "Bronze", "Silver", "Gold")
TOPICS = ("Offers", "Oral health tips", "Children", "Whitening", "Practice news")
DENTIST_NOTES = (
    "",
    "",
    "",
    "Prefers Dr by first name",
    "Please explain every step",
    "Quiet room if possible",
    "Call, do not text",
)


_PLAIN_LETTERS = str.maketrans("áéíóúÁÉÍÓÚ", "aeiouAEIOU", "'’ ")


def mailbox(name: str) -> str:
    """Return the name as it stands in an address: plain, lower case, no marks."""
    return name.translate(_PLAIN_LETTERS).lower()


SENTENCES = (
    "Patient attended for routine examination.",
    "No complaints reported since last visit.",
    "Extra-oral examination: nothing abnormal detected.",
    "Soft tissues healthy, tongue and floor of mouth checked.",
    "BPE 2 1 2 / 1 2 1.",
    "Supragingival calculus lower anteriors, scaled with ultrasonic.",
    "Oral hygiene instruction given, interdental brushes size 0.6 demonstrated.",
    "Composite UR6 MO placed under rubber dam, shade A2.",
    "Local anaesthetic: articaine 4% 1:100,000, one cartridge, no adverse reaction.",
    "Occlusion checked with articulating paper, polished.",
    "Tender to percussion LL7, cold test delayed response.",
    "Periapical taken, report: widened ligament space, no apical change.",
    "Options discussed: monitor, root canal treatment, extraction. Patient wishes to think.",
    "Consent form read and signed.",
    "Fluoride varnish applied.",
    "Diet advice: sipping fizzy drinks between meals.",
    "Crown prep LR6, impression taken, temporary fitted.",
    "Crown fitted, margins checked, contacts firm.",
    "Patient anxious, breaks agreed by raised hand.",
    "Smoking cessation advice offered, declined today.",
    "Post-operative instructions given in writing.",
    "Review in six months.",
    "Bitewings taken, no new lesions.",
    "Night guard worn well, small wear facet adjusted.",
)
CANCEL_REASONS = ("Work", "Unwell", "No lift", "Rebooked by practice", "Weather")
VISIT_NOTES = (
    "",
    "",
    "",
    "",
    "",
    "Prefers surgery 2",
    "Bring old crown",
    "Please call on the day",
    "Running late is fine",
)
FLAGS = (
    "Penicillin allergy",
    "Anticoagulant",
    "Asthma",
    "Latex allergy",
    "Pregnancy",
    "Diabetes type 2",
    "Pacemaker",
)
