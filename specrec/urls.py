"""What this process serves: the services named in `SPECREC_SERVICES`, and always health and the documentation."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, path
urlpatterns: list[URLPattern | URLResolver] = []
