"""What a browser does with a page of the admin."""

import re
from html import unescape
from typing import Any

from django.test import Client


def form_of(client: Client, path: str) -> dict[str, str]:
    """Return what a browser would send if somebody pressed "save" at once."""
    page = client.get(path).content.decode()
    form: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", page):
        facts = dict(re.findall(r'(\w[\w-]*)="([^"]*)"', tag))
        if "name" not in facts or facts.get("type") == "submit" or "__prefix__" in facts["name"]:
            continue
        if facts.get("type") != "checkbox" or re.search(r"\schecked", tag):
            unset = "on" if facts.get("type") == "checkbox" else ""
            form[facts["name"]] = unescape(facts.get("value", unset))
    for name, text in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>\s?(.*?)</textarea>', page, re.DOTALL):
        form[name] = unescape(text)
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        form[name] = unescape(chosen[1]) if chosen else ""
    return {name: value for name, value in form.items() if "__prefix__" not in name and name != "action"}


def errors_in(response: Any) -> str:
    return " ".join(re.findall(r'<ul class="errorlist[^"]*"[^>]*>(.*?)</ul>', response.content.decode(), re.DOTALL))
