"""GraphQL: the same question and the same answer as REST."""

from typing import Any, TypeVar

import graphene
from graphene.types.generic import GenericScalar
from graphene.types.resolver import attr_resolver

from apps.profiles import api as profiles
from apps.profiles.contracts import Caller, ShopperRef
from apps.recommend import api
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.contracts.serving import Answer, PageAnswer, PageRequest, Place, Request
from specrec.kernel import clock, wire

_Place = TypeVar("_Place", bound=Place)


def _ids(description: str | None = None) -> graphene.List:
    return graphene.List(graphene.NonNull(graphene.String), description=description)


class ShopperInput(graphene.InputObjectType):
    """Who is asking; with a publishable key only the anonymous id may be given."""

    anonymous_id = graphene.String()
    customer_id = graphene.String()


class PlaceInput(graphene.InputObjectType):
    """Who asks, and where."""

    shopper = ShopperInput()
    item_ids = _ids("What the page is about.")
    category_id = graphene.String(description="The category that the page shows.")
    search = graphene.String(description="The words that the shopper searched for.")
    history = _ids("What the caller knows of the shopper, oldest first.")
    store_id = graphene.String()
    channel = graphene.String(description="web, mobile, store or email")
    locale = graphene.String()
    exclude_item_ids = _ids()
    profile = graphene.String(description='"none" answers from context, stock and popularity only')
    audiences = _ids("Groups that the shopper belongs to, for rules.")


class RecommendationsInput(PlaceInput):
    """One question: what should this shopper, in this place, see next?"""

    placement = graphene.String(required=True)
    limit = graphene.Int()
    filter = graphene.String(description="In the filter language: what may be answered.")
    include_item_ids = _ids("Only these may be answered.")
    only_in_stock_at = graphene.String(description="A store: only what it has in stock.")


class SlotInput(graphene.InputObjectType):
    """A place on a page."""

    placement = graphene.String(required=True)
    slot = graphene.String(description="Its name on the page, else that of the placement.")
    limit = graphene.Int()
    item_ids = _ids("What the slot is about, instead of what the page is about.")
    filter = graphene.String()
    include_item_ids = _ids()
    only_in_stock_at = graphene.String()


class PageInput(PlaceInput):
    """All slots of a page: no item comes twice, and placements of smaller priority choose first."""

    slots = graphene.List(graphene.NonNull(SlotInput), required=True)


class Reason(graphene.ObjectType):
    """Why an item is shown."""

    class Meta:
        default_resolver = attr_resolver

    code = graphene.String(required=True)
    text = graphene.String(required=True)
    item_id = graphene.String()


class RecommendedItem(graphene.ObjectType):
    """One place of the slate."""

    class Meta:
        default_resolver = attr_resolver

    item_id = graphene.String(required=True)
    sku = graphene.String(required=True)
    position = graphene.Int(required=True)
    score = graphene.Float(required=True)
    name = graphene.String(required=True)
    brand = graphene.String(required=True)
    item_type = graphene.String(required=True)
    price = graphene.String(required=True)
    currency = graphene.String(required=True)
    image_url = graphene.String()
    url = graphene.String()
    reasons = graphene.List(graphene.NonNull(Reason), required=True)


class Bundle(graphene.ObjectType):
    """What a bundle costs together with the item that it is for."""

    class Meta:
        default_resolver = attr_resolver

    item_ids = graphene.List(graphene.NonNull(graphene.String), required=True)
    price = graphene.String(required=True)
    currency = graphene.String(required=True)


class Assignment(graphene.ObjectType):
    """An experiment that the shopper is part of, and on which side."""

    class Meta:
        default_resolver = attr_resolver

    experiment = graphene.String(required=True)
    variant = graphene.String(required=True)


class Recommendations(graphene.ObjectType):
    """The slate."""

    class Meta:
        default_resolver = attr_resolver

    recommendation_id = graphene.String(required=True)
    placement = graphene.String(required=True)
    strategy = graphene.String(required=True)
    items = graphene.List(graphene.NonNull(RecommendedItem), required=True)
    personalised = graphene.Boolean(required=True)
    fallback = graphene.String(description="The first strategy of the chain that had to fill in.")
    model = graphene.String(description="The stamp of the model version that was loaded.")
    experiments = graphene.List(graphene.NonNull(Assignment), required=True)
    bundle = graphene.Field(Bundle)


class Slot(graphene.ObjectType):
    """What one slot of a page shows, or what was wrong with it alone."""

    class Meta:
        default_resolver = attr_resolver

    slot = graphene.String(required=True)
    answer = graphene.Field(Recommendations)
    error = GenericScalar(description="A problem document (RFC 9457), where there is no answer.")


class Page(graphene.ObjectType):
    """The slots of a page, in the order asked for."""

    class Meta:
        default_resolver = attr_resolver

    page_id = graphene.String(required=True)
    slots = graphene.List(graphene.NonNull(Slot), required=True)


class Placement(graphene.ObjectType):
    """A named slot of the site."""

    class Meta:
        default_resolver = attr_resolver

    placement = graphene.String(required=True)
    title = graphene.String(required=True)
    strategy = graphene.String(required=True)
    size = graphene.Int(required=True)


class Query(graphene.ObjectType):
    """What next."""

    recommendations = graphene.Field(Recommendations, required=True, input=RecommendationsInput(required=True))
    page = graphene.Field(Page, required=True, input=PageInput(required=True))
    placements = graphene.List(graphene.NonNull(Placement), required=True)

    @staticmethod
    def resolve_recommendations(_root: None, info: graphene.ResolveInfo, **arguments: Any) -> Answer:
        """Answer for the caller's site."""
        caller, asked = _asked(info, arguments["input"], Request)
        return api.recommend(site_id=caller.site_id, request=asked, now=clock.now())

    @staticmethod
    def resolve_page(_root: None, info: graphene.ResolveInfo, **arguments: Any) -> PageAnswer:
        """Answer for all slots of a page."""
        caller, asked = _asked(info, arguments["input"], PageRequest)
        return api.recommend_page(site_id=caller.site_id, request=asked, now=clock.now())

    @staticmethod
    def resolve_placements(_root: None, info: graphene.ResolveInfo) -> list[PlacementInfo]:
        """List the placements of the caller's site."""
        caller = profiles.require_scope(caller=info.context.caller, scope="recommend:read")
        return api.list_placements(site_id=caller.site_id)


def _asked(info: graphene.ResolveInfo, given: dict[str, Any], kind: type[_Place]) -> tuple[Caller, _Place]:
    """Return who asks and the input as a question; raises Denied where this key may not ask it."""
    caller = profiles.require_scope(caller=info.context.caller, scope="recommend:read")
    asked = wire.convert(_without_nulls(given), kind, at="input")
    ref = ShopperRef(anonymous_id=asked.shopper.anonymous_id, customer_id=asked.shopper.customer_id)
    profiles.check_shopper_claim(caller=caller, ref=ref)
    return caller, asked


def _without_nulls(given: dict[str, Any]) -> dict[str, Any]:
    """Return the input without what is null: that says no more than what is left out."""
    plain = {name: value for name, value in given.items() if value is not None}
    if "slots" in plain:
        plain["slots"] = [_without_nulls(slot) for slot in plain["slots"]]
    return plain
