"""Writes of sites."""

from django.core.exceptions import ValidationError

from apps.profiles.contracts import SiteInfo
from apps.profiles.models import Site
from specrec.kernel.errors import Invalid


def ensure_site(*, site: SiteInfo) -> SiteInfo:
    """Create the site, or bring it to these values; raises Invalid with the field."""
    values = {
        "name": site.name,
        "locale": site.locale,
        "currency": site.currency,
        "time_zone": site.time_zone,
        "event_retention_days": site.event_retention_days,
    }
    try:
        Site(slug=site.site_id, **values).clean_fields()
    except ValidationError as error:
        field, reasons = next(iter(error.message_dict.items()))
        named = "site_id" if field == "slug" else field
        raise Invalid(" ".join(reasons), code="invalid_site", field=named) from error
    Site.objects.update_or_create(slug=site.site_id, defaults=values)
    return site
