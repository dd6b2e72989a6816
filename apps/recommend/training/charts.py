"""What is needed of pygal, how plots look, and nothing of what it does to the import of everybody else's modules.

It appends a finder to `sys.meta_path` for its packages of maps, in a form that Python 3.11 warns of at every import
that is made afterwards and later ones no longer know. We draw no maps.
"""

import sys
from typing import Any

from pygal import Bar, Line, PluginImportFixer
from pygal.graph.graph import Graph
from pygal.style import Style

__all__ = ["Bar", "Line", "options", "to_svg"]

sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, PluginImportFixer)]

_STYLE = Style(
    background="transparent",
    plot_background="transparent",
    colors=("#1d5fa8", "#8a93a0", "#c4762b", "#4f8f5b"),
    font_family="system-ui, sans-serif",
    label_font_size=11,
    major_label_font_size=11,
    legend_font_size=13,
    title_font_size=15,
)


def options(title: str) -> dict[str, object]:
    """Return how every plot looks, apart from its data."""
    return {
        "title": title,
        "style": _STYLE,
        "js": (),
        "width": 720,
        "height": 360,
        "legend_at_bottom": True,
        "include_x_axis": True,
        "truncate_label": -1,
    }


def to_svg(chart: Graph, name: str) -> str:
    """Return the plot as an `<svg>` element without scripts, the same for the same data; `name` is its id."""
    chart.uuid = name  # its own would be drawn by chance
    chart.add_xml_filter(_without_scripts)
    return str(chart.render(is_unicode=True, disable_xml_declaration=True))


def _without_scripts(root: Any) -> Any:
    """Return the tree without scripts, and without comments, whose tag is a function."""
    for parent in list(root.iter()):
        for child in list(parent):
            if callable(child.tag) or child.tag.rpartition("}")[2] == "script":
                parent.remove(child)
    return root
