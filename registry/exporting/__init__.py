"""The graph, or parts of it, in the formats of others.  The same graph gives the same bytes."""

from registry.exporting.formats import FORMATS, Format, Shape, export, export_files, publish_folder

__all__ = ["FORMATS", "Format", "Shape", "export", "export_files", "publish_folder"]
