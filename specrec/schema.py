"""One GraphQL schema from the parts of the apps."""

import graphene

from apps.catalog import graphql as catalog
from apps.profiles import graphql as profiles
from apps.recommend import graphql as recommend
from apps.tracking import graphql as tracking


class Query(recommend.Query, catalog.Query, profiles.Query, graphene.ObjectType):
    """What to ask."""


class Mutation(tracking.Mutation, profiles.Mutation, graphene.ObjectType):
    """What to tell."""


schema = graphene.Schema(query=Query, mutation=Mutation)
