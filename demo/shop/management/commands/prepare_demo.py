"""`manage.py prepare_demo`: what has no HTTP door: sites, the first keys, placements, somebody for the admin."""

import json
import secrets
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

from apps.profiles import api as profiles
from apps.profiles.contracts import KeyKind
from apps.recommend import api as recommend
from apps.recommend.contracts.placements import PlacementInfo
from demo.catalogue.build import build_sites
from demo.shop.keys import demo_folder

ADMIN = "demo"
_KINDS: tuple[KeyKind, ...] = ("publishable", "secret")
_EYEWEAR = ("frame", "sunglasses")
_BROWSED = (*_EYEWEAR, "contact_lens", "solution", "hearing")
# What the demo's buyers would put in the window.
PICKED = ("case-hard-optiva", "cord-rope-brillant", "spray-set-specrec", "cloth-wool-mirava", "service-style")
PLACEMENTS = (
    PlacementInfo(placement="home-for-you", title="For you", strategy="for_you", size=12, item_types=_BROWSED),
    PlacementInfo(placement="home-popular", title="Popular now", strategy="popular", size=12, item_types=_EYEWEAR),
    PlacementInfo(placement="home-new", title="New in", strategy="new_in", size=12, item_types=_EYEWEAR),
    PlacementInfo(
        placement="home-recent", title="Recently viewed", strategy="recently_viewed", size=12, fallback=(),
        exclude_purchased_days=0,
    ),
    PlacementInfo(placement="product-similar", title="Similar", strategy="similar", size=12),
    PlacementInfo(placement="product-also", title="Also viewed", strategy="also_viewed", size=12),
    PlacementInfo(
        placement="basket-complete", title="Goes with the basket", strategy="complete_the_pair", size=8, fallback=(),
    ),
    PlacementInfo(placement="home-because", title="Because you viewed", strategy="because_you_viewed", size=12),
    PlacementInfo(
        placement="home-continue", title="Continue shopping", strategy="continue_shopping", size=12, fallback=(),
    ),
    PlacementInfo(
        placement="home-again", title="Time to order again", strategy="buy_again", size=6, fallback=(),
    ),
    PlacementInfo(placement="home-trending", title="Trending", strategy="trending", size=12, fallback=("bestsellers",)),
    PlacementInfo(placement="home-bestsellers", title="Bestsellers", strategy="bestsellers", size=12),
    PlacementInfo(placement="home-offers", title="On offer", strategy="on_offer", size=12, fallback=("bestsellers",)),
    PlacementInfo(placement="home-next", title="A good next step", strategy="next_best_action", size=3, fallback=()),
    PlacementInfo(
        placement="home-picked", title="Picked by our team", strategy="hand_picked", size=6, fallback=(),
        item_ids=PICKED,
    ),
    PlacementInfo(
        placement="product-look", title="In size and style like this", strategy="look_alike", size=12,
        fallback=("similar",),
    ),
    PlacementInfo(placement="product-bought", title="Also bought", strategy="also_bought", size=12),
    PlacementInfo(placement="product-bundle", title="Together", strategy="bundle", size=2, fallback=()),
    PlacementInfo(
        placement="product-complete", title="Goes with this", strategy="complete_the_pair", size=8, fallback=(),
    ),
    PlacementInfo(
        placement="listing-bestsellers", title="Bestsellers here", strategy="bestsellers", size=8,
    ),
    PlacementInfo(placement="search", title="For your search", strategy="search_context", size=12, fallback=()),
)  # fmt: skip


class Command(BaseCommand):
    """Make sites, keys, placements and an admin user; again is harmless."""

    help = "Prepare the sites of the demo and write their keys to keys.json in the demo's folder."

    def handle(self, *_: Any, **__: Any) -> None:
        """Keys that were written down before are kept."""
        file = demo_folder() / "keys.json"
        keys: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        for site in build_sites():
            profiles.ensure_site(site=site)
            for kind in _KINDS:
                if kind not in keys.setdefault(site.site_id, {}):
                    # The port of the demo may be another one tomorrow, so its browser keys are good for any origin.
                    origins = ("*",) if kind == "publishable" else ()
                    issued = profiles.create_key(
                        site_id=site.site_id, kind=kind, name=f"demo {kind}", allowed_origins=origins
                    )
                    keys[site.site_id][kind] = issued.secret
            for placement in PLACEMENTS:
                recommend.ensure_placement(site_id=site.site_id, placement=placement)
        keys["admin"] = {"user": ADMIN, "password": _admin_password(keys.get("admin", {}).get("password"))}
        _write(file, keys)
        self.stdout.write(str(file))


def _admin_password(known: str | None) -> str:
    password = known or secrets.token_urlsafe(12)
    users = get_user_model().objects
    user = users.filter(username=ADMIN).first() or users.create_superuser(ADMIN, password=password)
    if not user.check_password(password):
        user.set_password(password)
        user.save()
    return password


def _write(file: Path, keys: dict[str, dict[str, str]]) -> None:
    fresh = file.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(keys, indent=2), encoding="utf-8")
    fresh.replace(file)
