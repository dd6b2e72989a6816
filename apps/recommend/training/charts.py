"""What is needed of pygal, and nothing of what it does to the import of everybody else's modules.

It appends a finder to `sys.meta_path` for its packages of maps, in a form that Python 3.11 warns of at every import
that is made afterwards and later ones no longer know. We draw no maps.
"""

import sys

from pygal import Bar, Line, PluginImportFixer
from pygal.graph.graph import Graph
from pygal.style import Style

__all__ = ["Bar", "Graph", "Line", "Style"]

sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, PluginImportFixer)]
