"""What next: figures and sentences that an operator may want to read in one place. Values only, no behaviour."""

from datetime import timedelta

# --- what is kept of a shopper (see `features/state.py`) -------------------------------------------------------
RECENT_KEPT = 50
PURCHASES_KEPT = 50
DISMISSALS_KEPT = 50
SEEN_KEPT = 100  # of days and items, how often each was shown; some 2 kB
STATE_FOR = timedelta(days=400)  # `contracts.MAX_PURCHASED_DAYS`: as long as a placement may ask for

# --- how much an event says ------------------------------------------------------------------------------------------
# What one event of a type says of an interest, and of what belongs together, where a site has no weights of its own.
# Types that are absent say nothing of either: an impression was our own choice, and a removal, a return or a dismissal
# says the opposite.
EVENT_WEIGHTS = {"view": 1.0, "click": 1.0, "wishlist": 2.0, "add_to_cart": 2.0, "purchase": 3.0, "rate": 1.0}

# --- what features are made with (see `features/known`) --------------------------------------------------------------
# An interest in items of these types says something of the health of whoever has it: it is special-category data.
HEALTH_ITEM_TYPES = frozenset({"contact_lens", "solution", "hearing", "service", "lens_option"})
# What a shopper must have agreed to before any of that is used, beside the use of the history.
HEALTH_PURPOSE = "rx_personalisation"
# Which attributes say what; the first that an item has counts.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "shape": ("shape",),
    "colour": ("colour_family", "colour_front", "colour"),
}
INTEREST_HALF_LIFE = timedelta(days=14)
PRICE_BANDS = 5
PRICES_NEEDED = 5  # a category with fewer priced items says nothing of what is cheap
# Rates are drawn towards the rate of the whole site as if so many trials of an average one had been seen before; and
# the site's own towards these, where nothing else is known, as if one trial had been.
RATE_STRENGTH = 50.0
TRIES_DAYS = 7  # what is tried is chosen by the clicks and impressions of these days
TRIES_SECONDS = 60.0  # so old they may be
USUAL_RATES = {"click": 0.02, "add_to_cart": 0.05, "purchase": 0.02, "return": 0.1}
TREND_STRENGTH = 5.0  # events that are added to both sides, so that a handful is no trend
NEIGHBOURS_NAMED = 50
BATCH_WINDOW = timedelta(days=90)
SEASON_TYPES = ("view", "purchase", "return")  # read for batch features beside the types that have a weight
RETURNS_WINDOW = timedelta(days=180)
POPULARITY_HALF_LIFE = timedelta(days=30)

# --- serving ---------------------------------------------------------------------------------------------------------
HISTORY_USED = 200  # the newest items of a history; what the caller sends included
EXPOSURE_FLUSH_SECONDS = 0.2
EXPOSURES_KEPT = 20_000  # in memory while the stream is away; beyond that the newest are lost, counted and logged
# What is computed from a state of the catalogue and kept with it: a mask is a byte for each item. Of a great catalogue
# each memory holds fewer arrays than its figure says, so that together they have no more than these bytes.
HELD_BYTES = 200 * 2**20
MASKS_HELD = 128
PLANS_HELD = 512
PLANS_WARMED = 16  # made again before a new state of the catalogue is asked
OFFERS_HELD = 64
LANGUAGES_HELD = 32  # and places, of cards
CARDS_HELD = 10_000  # of each, some 600 bytes
GROUPS_HELD = 64
# By what two items of a slate are alike, and how much of it each says; the sum is 1.
ALIKE_BY = {"brand": 0.35, "category": 0.15, "shape": 0.3, "colour_family": 0.2}
MOST_PLACES = 100  # `contracts.placements.MAX_LIMIT`
ANSWER_WITHIN_SECONDS = 0.15  # once it took so long nothing that may wait is asked any more
REDIS_WITHIN_SECONDS = 0.25  # for what is known of a shopper; Redis writes for some 80 ms in one piece at times
VECTORS_WITHIN_SECONDS = 0.1
BREAK_SECONDS = 1.0  # so long a part that failed is not asked again

# --- the features consumer -------------------------------------------------------------------------------------------
# Events at once when behind. More of them cost less each; Redis writes them in one piece, for 3,000 some 80 ms long,
# and answers nobody meanwhile.
FOLLOW_LIMIT = 3_000
STATES_HELD = 5_000  # in the memory of a consumer, up to 25 kB each
STATES_HELD_IN_REBUILD = 20_000
FOLLOW_WAIT_SECONDS = 0.5
ACKNOWLEDGE_SECONDS = 1.0
LEASE_SECONDS = 4.0
RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0)

# --- models that go on from their training ---------------------------------------------------------------------------
# How long what shoppers did is kept for models to add (some 80 bytes an event): longer than from one training to the
# next. Entries are batches of the consumer; fewer are kept where they come faster than this bound allows for.
LOGGED_FOR = timedelta(hours=50)
LOG_ENTRIES = 200_000
LOG_MARGIN = timedelta(minutes=10)  # by what the table may be behind the features when a training reads it
LIVE_PAGE = 500  # entries read at once
LIVE_SHOPPERS = 20_000  # in the memory of a process that follows, some 5 kB each
LIVE_UNASKED = timedelta(minutes=10)  # a version that nobody asks for is not followed any longer

# --- why an item is shown --------------------------------------------------------------------------------------------
# The sentences are in `serving/sentences`, a file for each language. They say what was looked at and what others did,
# never anything about health, and nothing that was not shown to the shopper before.
DEFAULT_LANGUAGE = "en"
# What a sentence names may be read by somebody else: of these types it never names the item that led to another.
UNNAMED_ITEM_TYPES = HEALTH_ITEM_TYPES
