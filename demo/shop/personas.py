"""Shoppers with a name, to step into: each has sixty days of history behind it, made by `demo.shoppers`."""

from typing import Any

from demo.catalogue.words import table


def personas_of(site_id: str) -> list[dict[str, str]]:
    """Return the personas of a site: the anonymous id that the browser uses, a name, a line about them."""
    language = table("sites")[site_id]["language"]
    return [
        {"id": f"demo-{site_id}-{key}", "name": persona["name"], "about": persona["about"][language]}
        for key, persona in list_personas().items()
    ]


def list_personas() -> dict[str, dict[str, Any]]:
    """Return all personas with their tastes."""
    personas: dict[str, dict[str, Any]] = table("personas")
    return personas
