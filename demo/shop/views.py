"""Pages are empty frames that the browser fills over GraphQL; pictures are drawn from their names."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from demo.catalogue.words import table
from demo.pictures.frame import draw_frame
from demo.pictures.spec import parse_frame
from demo.pictures.thing import draw_thing
from demo.shop.keys import publishable_key
from demo.shop.personas import personas_of
from demo.shop.texts import texts

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_MONTH = 30 * 24 * 3_600
_MENU = ("frames", "sunglasses", "contact-lenses", "contact-lens-care", "accessories", "hearing", "services")


@require_safe
def home(request: HttpRequest, site_id: str) -> HttpResponse:
    """Show the front page."""
    return _page(request, "home", site_id=site_id)


@require_safe
def product(request: HttpRequest, site_id: str, item_id: str) -> HttpResponse:
    """Show one product."""
    return _page(request, "product", site_id=site_id, item_id=item_id)


@require_safe
def listing(request: HttpRequest, site_id: str, category_id: str) -> HttpResponse:
    """Show the products of a category."""
    if category_id not in table("words")["categories"]:
        raise Http404
    return _page(request, "listing", site_id=site_id, category_id=category_id)


@require_safe
def basket(request: HttpRequest, site_id: str) -> HttpResponse:
    """Show what is in the basket."""
    return _page(request, "basket", site_id=site_id)


@require_safe
@gzip_page
def picture(_request: HttpRequest, name: str) -> HttpResponse:
    """Draw the product that the name describes."""
    frame = parse_frame(name)
    drawing = draw_frame(frame) if frame else draw_thing(name)
    if drawing is None:
        raise Http404
    response = HttpResponse(drawing, content_type="image/svg+xml")
    response["Cache-Control"] = f"public, max-age={_MONTH}"
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return response


def _page(request: HttpRequest, page: str, *, site_id: str, item_id: str = "", category_id: str = "") -> HttpResponse:
    sites = table("sites")
    if site_id not in sites:
        raise Http404
    site = sites[site_id]
    words = texts(site["language"])
    key = publishable_key(site_id)
    categories = {name: entry[site["language"]] for name, entry in table("words")["categories"].items()}
    parents = {name: entry.get("parent", "") for name, entry in table("words")["categories"].items()}
    config: dict[str, Any] = {
        "page": page,
        "site": site_id,
        "locale": site["locale"],
        "language": site["language"],
        "currency": site["currency"],
        "key": key,
        "item": item_id,
        "category": category_id,
        "stores": [{"id": store[0], "name": store[1], "address": store[2]} for store in site["stores"]],
        "personas": personas_of(site_id),
        "categories": categories,
        "parents": parents,
        "shapes": {shape: entry[site["language"]] for shape, entry in table("words")["shapes"].items()},
        "terms": _terms(site["language"]),
        "words": words,
    }
    context = {
        "config": config,
        "t": words,
        "site_id": site_id,
        "language": site["language"],
        "sites": [{"id": name, "name": name.upper(), "title": entry["name"]} for name, entry in sites.items()],
        "menu": [{"id": name, "name": categories[name]} for name in _MENU],
        "category_id": category_id,
        "category": categories.get(category_id, ""),
        "page": page,
    }
    response = render(request, f"shop/{page}.html", context, status=200 if key else 503)
    response["Content-Security-Policy"] = _POLICY
    response["Cache-Control"] = "no-cache"
    return response


def _terms(language: str) -> dict[str, dict[str, str]]:
    """Return the words for values of attributes."""
    groups = {"shape": "shapes", "rim": "rims", "materials": "materials", "modality": "modality"}
    words = table("words")
    return {name: {key: entry[language] for key, entry in words[group].items()} for name, group in groups.items()}
