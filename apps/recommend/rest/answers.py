"""What the views of recommend share: whose site a key opens, and answers as JSON."""

from django.http import HttpResponse
from rest_framework.request import Request

from apps.profiles import api as profiles
from specrec.kernel import wire

JSON = "application/json"


def site_of(request: Request) -> str:
    """Return the site that the key of the request belongs to."""
    return profiles.caller_of(auth=request.auth).site_id


def as_json(value: object, *, status: int = 200) -> HttpResponse:
    """Return the answer."""
    return HttpResponse(wire.encode(value), content_type=JSON, status=status)
