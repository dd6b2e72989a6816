"""REST: merchandising rules. They tell how a business is run, so a browser's key opens none of it."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.profiles import api as profiles
from apps.recommend import api
from apps.recommend.contracts.rules import (
    DryRun,
    DryRunInput,
    RuleInfo,
    RuleNotice,
    RuleQuery,
    RuleRevision,
    RuleStep,
    RuleWrite,
)
from apps.recommend.rest.answers import JSON, as_json, site_of
from specrec.kernel import clock, wire
from specrec.kernel.openapi import schema_of

_EXAMPLE = {
    "rule": {
        "rule": "own-brand-first",
        "title": "Our own frames further up, in the shop's opening week",
        "kind": "boost",
        "scope": {"placements": ["home"]},
        "schedule": {"starts_at": "2026-03-02T00:00:00Z", "ends_at": "2026-03-09T00:00:00Z"},
        "target": {"filter": 'brand = "Lumen"'},
        "effect": {"factor": 1.5},
    }
}


class RulesView(APIView):
    """The rules of a site."""

    required_scope = {"GET": "rules:read", "PUT": "rules:write"}

    @extend_schema(
        operation_id="list_rules",
        tags=["rules"],
        parameters=[OpenApiParameter("state", str, enum=["draft", "published", "archived"])],
        responses={(200, JSON): schema_of(list[RuleInfo])},
    )
    def get(self, request: Request) -> HttpResponse:
        """List the rules of the key's site, by priority, then age; `state` names one of their states."""
        asked = wire.convert(request.query_params.dict(), RuleQuery)
        return as_json(api.list_rules(site_id=site_of(request), now=clock.now(), state=asked.state))

    @extend_schema(
        operation_id="save_rule",
        tags=["rules"],
        request={JSON: schema_of(RuleWrite)},
        responses={(200, JSON): schema_of(RuleInfo)},
        examples=[OpenApiExample("own brand first", value=_EXAMPLE, request_only=True)],
    )
    def put(self, request: Request) -> HttpResponse:
        """Store a rule as a draft: lists change when it is published. Send the `number` that was read to change one."""
        asked = wire.decode(request.body, RuleWrite)
        site_id, by = site_of(request), _name_of(request)
        info = api.save_rule(site_id=site_id, rule=asked.rule, number=asked.number, by=by, now=clock.now())
        return as_json(info)


class RuleView(APIView):
    """One rule."""

    required_scope = "rules:read"

    @extend_schema(operation_id="show_rule", tags=["rules"], responses={(200, JSON): schema_of(RuleInfo)})
    def get(self, request: Request, rule: str) -> HttpResponse:
        """Show a rule: what is in force, what is drafted, and what makes it do nothing."""
        return as_json(api.show_rule(site_id=site_of(request), rule=rule, now=clock.now()))


class RuleRevisionsView(APIView):
    """The audit of one rule."""

    required_scope = "rules:read"

    @extend_schema(
        operation_id="list_rule_revisions", tags=["rules"], responses={(200, JSON): schema_of(list[RuleRevision])}
    )
    def get(self, request: Request, rule: str) -> HttpResponse:
        """List who did what to the rule, newest first, with what it was before and after."""
        return as_json(api.list_rule_revisions(site_id=site_of(request), rule=rule))


class RulePublicationView(APIView):
    """Putting a draft in force."""

    required_scope = "rules:write"

    @extend_schema(
        operation_id="publish_rule",
        tags=["rules"],
        request={JSON: schema_of(RuleStep)},
        responses={(200, JSON): schema_of(RuleInfo)},
    )
    def post(self, request: Request, rule: str) -> HttpResponse:
        """Put the draft of a rule in force, or an archived rule again; answers follow within seconds."""
        site_id, number, by = site_of(request), _number(request), _name_of(request)
        return as_json(api.publish_rule(site_id=site_id, rule=rule, number=number, by=by, now=clock.now()))


class RuleArchiveView(APIView):
    """Taking a rule out of force."""

    required_scope = "rules:write"

    @extend_schema(
        operation_id="archive_rule",
        tags=["rules"],
        request={JSON: schema_of(RuleStep)},
        responses={(200, JSON): schema_of(RuleInfo)},
    )
    def post(self, request: Request, rule: str) -> HttpResponse:
        """Take a rule out of force and keep it; its draft is forgotten."""
        site_id, number, by = site_of(request), _number(request), _name_of(request)
        return as_json(api.archive_rule(site_id=site_id, rule=rule, number=number, by=by, now=clock.now()))


class RuleDraftView(APIView):
    """Forgetting a draft."""

    required_scope = "rules:write"

    @extend_schema(
        operation_id="discard_rule_draft",
        tags=["rules"],
        request={JSON: schema_of(RuleStep)},
        responses={(200, JSON): schema_of(RuleInfo)},
    )
    def post(self, request: Request, rule: str) -> HttpResponse:
        """Forget the draft of a published rule: what is in force stays."""
        site_id, number, by = site_of(request), _number(request), _name_of(request)
        return as_json(api.discard_rule_draft(site_id=site_id, rule=rule, number=number, by=by, now=clock.now()))


class RuleDryRunView(APIView):
    """What lists would be."""

    required_scope = "rules:read"

    @extend_schema(
        operation_id="dry_run_rules",
        tags=["rules"],
        request={JSON: schema_of(DryRunInput)},
        responses={(200, JSON): schema_of(DryRun)},
    )
    def post(self, request: Request) -> HttpResponse:
        """Compare lists as they are with lists as they would be with drafts published or rules archived."""
        asked = wire.decode(request.body or b"{}", DryRunInput)
        return as_json(api.dry_run_rules(site_id=site_of(request), asked=asked, now=clock.now()))


class RuleNoticesView(APIView):
    """What rules did that somebody should know."""

    required_scope = "rules:read"

    @extend_schema(
        operation_id="list_rule_notices", tags=["rules"], responses={(200, JSON): schema_of(list[RuleNotice])}
    )
    def get(self, request: Request) -> HttpResponse:
        """List slates that rules left empty and pins that could not be shown, by day, of the last seven days."""
        return as_json(api.list_rule_notices(site_id=site_of(request), now=clock.now()))


def _number(request: Request) -> int:
    return wire.decode(request.body, RuleStep).number


def _name_of(request: Request) -> str:
    """Return who is noted in the audit."""
    return f"key {profiles.caller_of(auth=request.auth).key_id}"
