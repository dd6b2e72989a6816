"""GraphQL: the same question and the same answer as REST."""

from typing import Any

import graphene
from graphene.types.resolver import attr_resolver

from apps.profiles import api as profiles
from apps.profiles.contracts import ShopperRef
from apps.recommend import api
from apps.recommend.contracts.placements import PlacementInfo
from apps.recommend.contracts.serving import Answer, Request
from specrec.kernel import clock, wire


class ShopperInput(graphene.InputObjectType):
    """Who is asking; with a publishable key only the anonymous id may be given."""

    anonymous_id = graphene.String()
    customer_id = graphene.String()


class RecommendationsInput(graphene.InputObjectType):
    """One question: what should this shopper, in this place, see next?"""

    placement = graphene.String(required=True)
    shopper = ShopperInput()
    item_ids = graphene.List(graphene.NonNull(graphene.String), description="What the page is about.")
    history = graphene.List(
        graphene.NonNull(graphene.String),
        description="What the caller knows of the shopper, oldest first.",
    )
    store_id = graphene.String()
    channel = graphene.String(description="web, mobile, store or email")
    locale = graphene.String()
    limit = graphene.Int()
    exclude_item_ids = graphene.List(graphene.NonNull(graphene.String))
    profile = graphene.String(description='"none" answers from context, stock and popularity only')


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
    placements = graphene.List(graphene.NonNull(Placement), required=True)

    @staticmethod
    def resolve_recommendations(_root: None, info: graphene.ResolveInfo, **arguments: Any) -> Answer:
        """Answer for the caller's site."""
        caller = profiles.require_scope(caller=info.context.caller, scope="recommend:read")
        given = {name: value for name, value in arguments["input"].items() if value is not None}
        asked = wire.convert(given, Request, at="input")
        ref = ShopperRef(anonymous_id=asked.shopper.anonymous_id, customer_id=asked.shopper.customer_id)
        profiles.check_shopper_claim(caller=caller, ref=ref)
        return api.recommend(site_id=caller.site_id, request=asked, now=clock.now())

    @staticmethod
    def resolve_placements(_root: None, info: graphene.ResolveInfo) -> list[PlacementInfo]:
        """List the placements of the caller's site."""
        caller = profiles.require_scope(caller=info.context.caller, scope="recommend:read")
        return api.list_placements(site_id=caller.site_id)
