"""What next: figures and sentences that an operator may want to read in one place. Values only, no behaviour."""

from datetime import timedelta

# --- what is kept of a shopper (see `features/definitions.py`) -------------------------------------------------------
RECENT_KEPT = 50
PURCHASES_KEPT = 50
DISMISSALS_KEPT = 50
STATE_FOR = timedelta(days=400)  # `contracts.MAX_PURCHASED_DAYS`: as long as a placement may ask for

# --- serving ---------------------------------------------------------------------------------------------------------
HISTORY_USED = 200  # the newest items of a history; what the caller sends included
EXPOSURE_FLUSH_SECONDS = 0.2
EXPOSURES_KEPT = 20_000  # in memory while the stream is away; beyond that the newest are lost, counted and logged
BREAK_SECONDS = 1.0  # so long a part that failed is not asked again

# --- the features consumer -------------------------------------------------------------------------------------------
FOLLOW_LIMIT = 1_000
FOLLOW_WAIT_SECONDS = 0.5
ACKNOWLEDGE_SECONDS = 1.0
LEASE_SECONDS = 4.0
RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0)

# --- why an item is shown --------------------------------------------------------------------------------------------
# A sentence per code and language; "{item}" is the name of the item that the reason is about. Reasons say what was
# looked at and what others did, never anything about health, and nothing that was not shown to the shopper before.
DEFAULT_LANGUAGE = "en"
REASONS: dict[str, dict[str, str]] = {
    "because_viewed": {"en": "Because you looked at {item}", "de": "Weil Sie sich {item} angesehen haben"},
    "similar_to": {"en": "Similar to {item}", "de": "Ähnlich wie {item}"},
    "also_viewed": {"en": "Often looked at together with {item}", "de": "Oft zusammen mit {item} angesehen"},
    "popular_here": {"en": "Popular right now", "de": "Gerade beliebt"},
    "new_in": {"en": "New in", "de": "Neu eingetroffen"},
    "recently_viewed": {"en": "You looked at this recently", "de": "Kürzlich von Ihnen angesehen"},
}
# What a sentence names may be read by somebody else: of these types it never names the item that led to another.
UNNAMED_ITEM_TYPES = frozenset({"contact_lens", "solution", "hearing", "service", "lens_option"})
UNNAMED: dict[str, str] = {"en": "Based on what you looked at", "de": "Passend zu dem, was Sie sich angesehen haben"}
