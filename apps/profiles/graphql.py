"""Shoppers and the site over GraphQL."""

from typing import Any

import graphene
from graphene.types.resolver import attr_resolver

from apps.profiles import api
from apps.profiles.contracts import ConsentInput, SiteInfo
from specrec.kernel import clock, wire


class Site(graphene.ObjectType):
    """The site that the key belongs to."""

    class Meta:
        default_resolver = attr_resolver

    site_id = graphene.String(required=True)
    name = graphene.String(required=True)
    locale = graphene.String(required=True)
    currency = graphene.String(required=True)


class Query(graphene.ObjectType):
    """Who."""

    site = graphene.Field(Site, required=True, description="The site of the key.")

    @staticmethod
    def resolve_site(_root: None, info: graphene.ResolveInfo) -> SiteInfo:
        """Return the site of the key; every scope may know it that may read anything."""
        caller = api.require_scope(caller=info.context.caller, scope="recommend:read")
        return api.get_site(site_id=caller.site_id)


class SetConsent(graphene.Mutation):
    """Record what a shopper consents to: the purposes granted are given, all others withdrawn."""

    class Arguments:
        granted = graphene.List(graphene.NonNull(graphene.String), required=True)
        anonymous_id = graphene.String()
        customer_id = graphene.String(description="With a secret key only.")
        at = graphene.String(description="When it was said, RFC 3339; now, when absent.")
        source = graphene.String(description="Where it was said.")

    granted = graphene.List(graphene.NonNull(graphene.String), required=True, description="What holds now.")

    @staticmethod
    def mutate(_root: None, info: graphene.ResolveInfo, **arguments: Any) -> "SetConsent":
        """Record it for the caller's site and return what holds now."""
        caller = api.require_scope(caller=info.context.caller, scope="shoppers:write")
        given = {name: value for name, value in arguments.items() if value is not None}
        answer = api.set_consent(caller=caller, said=wire.convert(given, ConsentInput), now=clock.now())
        return SetConsent(granted=answer.granted)


class Mutation(graphene.ObjectType):
    """Who."""

    set_consent = SetConsent.Field()
