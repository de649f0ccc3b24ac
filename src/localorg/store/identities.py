"""The ids of what every org has from its first day: its users, record types and its own row."""

import os

from localorg.ids import make_id

# Another number is another org, as a sandbox is one after each refresh: ids and users stay alike.
ORGANIZATION_ID = make_id("00D", int(os.environ.get("LOCALORG_ORGANIZATION", "1")))
INTEGRATION_USER_ID = make_id("005", 1)
INTEGRATION_USERNAME = "integration@localorg.example"
# People who own records and change them; (username's first part, first name, last name).
COLLEAGUES = (
    ("amara", "Amara", "Okafor"),
    ("bruno", "Bruno", "Silva"),
    ("chloe", "Chloé", "Martin"),
    ("deniz", "Deniz", "Çelik"),
)
OWNER_IDS = tuple(make_id("005", 2 + number) for number in range(len(COLLEAGUES)))
BUSINESS_RECORD_TYPE_ID = make_id("012", 1)
PERSON_RECORD_TYPE_ID = make_id("012", 2)
# The profile System Administrator.
PROFILE_ID = make_id("00e", 1)
# A profile that may use the API and see and change records, but neither see nor change the set-up.
STANDARD_PROFILE_ID = make_id("00e", 2)
# Someone who left the org: nothing can be given to them.
FORMER_COLLEAGUE_ID = make_id("005", 2 + len(COLLEAGUES))
