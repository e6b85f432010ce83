"""States and provinces whose names storefronts send where carriers want the code."""

from __future__ import annotations

from hub.language.functions.countries import folded

_TABLE = {
    "US": """AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware
        DC District of Columbia|DC Washington DC|DC Washington D.C.|FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois
        IN Indiana|IA Iowa|KS Kansas|KY Kentucky|LA Louisiana|ME Maine|MD Maryland|MA Massachusetts|MI Michigan
        MN Minnesota|MS Mississippi|MO Missouri|MT Montana|NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey
        NM New Mexico|NY New York|NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania
        RI Rhode Island|SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT Vermont|VA Virginia
        WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming|AS American Samoa|GU Guam|MP Northern Mariana Islands
        PR Puerto Rico|VI U.S. Virgin Islands|VI Virgin Islands|AA Armed Forces Americas|AE Armed Forces Europe
        AP Armed Forces Pacific""",
    "CA": """AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|NL Newfoundland and Labrador|NL Newfoundland
        NS Nova Scotia|NT Northwest Territories|NU Nunavut|ON Ontario|PE Prince Edward Island|QC Quebec|QC Québec
        SK Saskatchewan|YT Yukon|YT Yukon Territory""",
    "AU": """ACT Australian Capital Territory|NSW New South Wales|NT Northern Territory|QLD Queensland
        SA South Australia|TAS Tasmania|VIC Victoria|WA Western Australia""",
}


def _codes(table: str) -> dict[str, str]:
    rows = [row.strip().split(" ", 1) for line in table.splitlines() for row in line.split("|")]
    return {folded(spelling): code for code, name in rows for spelling in (code, name)}


REGIONS: dict[str, dict[str, str]] = {country: _codes(table) for country, table in _TABLE.items()}
"""Per country the code for every folded code and name."""
