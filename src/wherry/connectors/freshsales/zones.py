"""Time zones as Freshsales spells them: the names of Ruby on Rails, not those of IANA. [L] field metadata."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

# ActiveSupport::TimeZone::MAPPING; where several names share an IANA zone, the one used for it comes first.
_TABLE = """
International Date Line West=Etc/GMT+12|Midway Island=Pacific/Midway|American Samoa=Pacific/Pago_Pago
Hawaii=Pacific/Honolulu|Alaska=America/Juneau|Pacific Time (US & Canada)=America/Los_Angeles
Tijuana=America/Tijuana|Mountain Time (US & Canada)=America/Denver|Arizona=America/Phoenix
Chihuahua=America/Chihuahua|Mazatlan=America/Mazatlan|Central Time (US & Canada)=America/Chicago
Saskatchewan=America/Regina|Mexico City=America/Mexico_City|Guadalajara=America/Mexico_City
Monterrey=America/Monterrey|Central America=America/Guatemala|Eastern Time (US & Canada)=America/New_York
Indiana (East)=America/Indiana/Indianapolis|Bogota=America/Bogota|Lima=America/Lima|Quito=America/Lima
Atlantic Time (Canada)=America/Halifax|Caracas=America/Caracas|La Paz=America/La_Paz
Santiago=America/Santiago|Asuncion=America/Asuncion|Newfoundland=America/St_Johns
Brasilia=America/Sao_Paulo|Buenos Aires=America/Argentina/Buenos_Aires|Georgetown=America/Guyana
Montevideo=America/Montevideo|Puerto Rico=America/Puerto_Rico|Greenland=America/Nuuk
Mid-Atlantic=Atlantic/South_Georgia|Azores=Atlantic/Azores|Cape Verde Is.=Atlantic/Cape_Verde
Dublin=Europe/Dublin|London=Europe/London|Edinburgh=Europe/London|Lisbon=Europe/Lisbon
Casablanca=Africa/Casablanca|Monrovia=Africa/Monrovia|UTC=Etc/UTC|Belgrade=Europe/Belgrade
Bratislava=Europe/Bratislava|Budapest=Europe/Budapest|Ljubljana=Europe/Ljubljana|Prague=Europe/Prague
Sarajevo=Europe/Sarajevo|Skopje=Europe/Skopje|Warsaw=Europe/Warsaw|Zagreb=Europe/Zagreb
Brussels=Europe/Brussels|Copenhagen=Europe/Copenhagen|Madrid=Europe/Madrid|Paris=Europe/Paris
Amsterdam=Europe/Amsterdam|Berlin=Europe/Berlin|Zurich=Europe/Zurich|Bern=Europe/Zurich
Rome=Europe/Rome|Stockholm=Europe/Stockholm|Vienna=Europe/Vienna|West Central Africa=Africa/Algiers
Bucharest=Europe/Bucharest|Cairo=Africa/Cairo|Helsinki=Europe/Helsinki|Kyiv=Europe/Kiev|Riga=Europe/Riga
Sofia=Europe/Sofia|Tallinn=Europe/Tallinn|Vilnius=Europe/Vilnius|Athens=Europe/Athens
Istanbul=Europe/Istanbul|Minsk=Europe/Minsk|Jerusalem=Asia/Jerusalem|Harare=Africa/Harare
Pretoria=Africa/Johannesburg|Kaliningrad=Europe/Kaliningrad|Moscow=Europe/Moscow
St. Petersburg=Europe/Moscow|Volgograd=Europe/Volgograd|Samara=Europe/Samara|Kuwait=Asia/Kuwait
Riyadh=Asia/Riyadh|Nairobi=Africa/Nairobi|Baghdad=Asia/Baghdad|Tehran=Asia/Tehran|Muscat=Asia/Muscat
Abu Dhabi=Asia/Muscat|Baku=Asia/Baku|Tbilisi=Asia/Tbilisi|Yerevan=Asia/Yerevan|Kabul=Asia/Kabul
Ekaterinburg=Asia/Yekaterinburg|Karachi=Asia/Karachi|Islamabad=Asia/Karachi|Tashkent=Asia/Tashkent
Kolkata=Asia/Kolkata|Chennai=Asia/Kolkata|Mumbai=Asia/Kolkata|New Delhi=Asia/Kolkata
Kathmandu=Asia/Kathmandu|Dhaka=Asia/Dhaka|Astana=Asia/Dhaka|Sri Jayawardenepura=Asia/Colombo
Almaty=Asia/Almaty|Novosibirsk=Asia/Novosibirsk|Rangoon=Asia/Rangoon|Bangkok=Asia/Bangkok
Hanoi=Asia/Bangkok|Jakarta=Asia/Jakarta|Krasnoyarsk=Asia/Krasnoyarsk|Beijing=Asia/Shanghai
Chongqing=Asia/Chongqing|Hong Kong=Asia/Hong_Kong|Urumqi=Asia/Urumqi|Kuala Lumpur=Asia/Kuala_Lumpur
Singapore=Asia/Singapore|Taipei=Asia/Taipei|Perth=Australia/Perth|Irkutsk=Asia/Irkutsk
Ulaanbaatar=Asia/Ulaanbaatar|Seoul=Asia/Seoul|Tokyo=Asia/Tokyo|Osaka=Asia/Tokyo|Sapporo=Asia/Tokyo
Yakutsk=Asia/Yakutsk|Darwin=Australia/Darwin|Adelaide=Australia/Adelaide|Canberra=Australia/Canberra
Melbourne=Australia/Melbourne|Sydney=Australia/Sydney|Brisbane=Australia/Brisbane
Hobart=Australia/Hobart|Vladivostok=Asia/Vladivostok|Guam=Pacific/Guam
Port Moresby=Pacific/Port_Moresby|Magadan=Asia/Magadan|Srednekolymsk=Asia/Srednekolymsk
Solomon Is.=Pacific/Guadalcanal|New Caledonia=Pacific/Noumea|Fiji=Pacific/Fiji
Kamchatka=Asia/Kamchatka|Marshall Is.=Pacific/Majuro|Auckland=Pacific/Auckland
Wellington=Pacific/Auckland|Nuku'alofa=Pacific/Tongatapu|Tokelau Is.=Pacific/Fakaofo
Chatham Is.=Pacific/Chatham|Samoa=Pacific/Apia
"""

RAILS_TO_IANA: Mapping[str, str] = {
    rails: iana
    for pair in _TABLE.replace("\n", "|").split("|")
    if pair
    for rails, _, iana in [pair.partition("=")]
}

_IANA_TO_RAILS: dict[str, str] = {}
for _rails, _iana in RAILS_TO_IANA.items():
    _IANA_TO_RAILS.setdefault(_iana, _rails)

_SAMPLES = tuple(datetime(2026, 1, 15, 12, tzinfo=UTC) + timedelta(days=7 * week) for week in range(156))


@cache
def rails_zone(iana: str) -> str | None:
    """Return the Rails name for an IANA zone, or None for what is no zone.

    A zone that Rails does not name gets one whose clock reads the same every week of three years,
    so that a time shown in it is right; None where there is no such zone.
    """
    if iana in RAILS_TO_IANA:
        return iana
    if iana in _IANA_TO_RAILS:
        return _IANA_TO_RAILS[iana]
    if iana not in available_timezones():
        return None
    wanted = _offsets(iana)
    region = iana.partition("/")[0]
    alike = [rails for known, rails in _IANA_TO_RAILS.items() if _offsets(known) == wanted]
    near = [rails for rails in alike if RAILS_TO_IANA[rails].startswith(f"{region}/")]
    return next(iter(near or alike), None)


def zone_rows() -> list[dict[str, str]]:
    """Return {id: Rails name, name: IANA zone} for every IANA zone that Rails names."""
    return [{"id": rails, "name": iana} for iana, rails in sorted(_IANA_TO_RAILS.items())]


@cache
def _offsets(iana: str) -> tuple[timedelta | None, ...]:
    zone = ZoneInfo(iana)
    return tuple(moment.astimezone(zone).utcoffset() for moment in _SAMPLES)
