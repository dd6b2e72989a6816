"""The door of REST: who calls (`SiteKeyAuthentication`), and may they do this here (`HasRequiredScope`).

Views declare only `required_scope`: one scope, or a dictionary by method. A view that declares none is closed.
"""

from django.views import View
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.profiles import api
from apps.profiles.contracts import Caller
from specrec.kernel.errors import Denied


class SiteKeyAuthentication(BaseAuthentication):
    """Verifies the key of the request; `request.auth` is the Caller afterwards."""

    def authenticate(self, request: Request) -> tuple[Caller, Caller]:
        """Return the caller (as user and as auth); raises Unauthenticated, Denied or Unavailable."""
        headers = request.META
        presented = api.presented_key(
            authorization=headers.get("HTTP_AUTHORIZATION"),
            key_header=headers.get("HTTP_X_SPECREC_KEY"),
        )
        caller = api.authenticate(presented=presented, origin=headers.get("HTTP_ORIGIN"))
        return caller, caller

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        """Return the challenge, so that a missing key is 401 and not 403."""
        return 'Bearer realm="specrec"'


class HasRequiredScope(BasePermission):
    """Lets the caller through that has the scope which the view requires for this method."""

    def has_permission(self, request: Request, view: View) -> bool:
        """Return True; raises Unauthenticated or Denied. A method that the view does not have goes on to its 405."""
        required = getattr(view, "required_scope", None)
        method = "GET" if request.method == "HEAD" else str(request.method)
        if isinstance(required, dict):
            if method not in required and not hasattr(view, method.lower()):
                return True
            required = required.get(method)
        if not isinstance(required, str):
            message = f"{type(view).__name__} declares no required scope for {method}, so it is closed."
            raise Denied(message, code="no_scope_declared")
        caller = request.auth if isinstance(request.auth, Caller) else None
        api.require_scope(caller=caller, scope=required)
        return True
