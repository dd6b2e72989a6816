"""Reads of sites."""

from apps.profiles.contracts import SiteInfo
from apps.profiles.models import Site
from specrec.kernel.errors import NotFound


def get_site(*, site_id: str) -> SiteInfo:
    """Return the site; raises NotFound."""
    found = Site.objects.filter(slug=site_id).first()
    if found is None:
        raise NotFound(f"There is no site {site_id}.", code="unknown_site", field="site_id")
    return _info(found)


def list_sites() -> list[SiteInfo]:
    """Return all sites in order of their ids."""
    return [_info(site) for site in Site.objects.order_by("slug")]


def _info(site: Site) -> SiteInfo:
    return SiteInfo(
        site_id=site.slug,
        name=site.name,
        locale=site.locale,
        currency=site.currency,
        time_zone=site.time_zone,
        event_retention_days=site.event_retention_days,
    )
