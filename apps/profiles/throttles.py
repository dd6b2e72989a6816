"""How often a key may call."""

from django.views import View
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from apps.profiles import api
from apps.profiles.contracts import Caller


class KeyThrottle(BaseThrottle):
    """Counts the requests of each key; a view without a key is not counted."""

    def allow_request(self, request: Request, view: View) -> bool:  # noqa: ARG002 - DRF's signature
        """Return True, or raise Throttled."""
        if isinstance(request.auth, Caller):
            api.check_rate(caller=request.auth)
        return True
