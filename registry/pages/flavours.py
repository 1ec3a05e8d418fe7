"""How exported pages may look; apart, so that a command line can name the choices without loading a graph."""

PURPOSE = (
    "To read and edit the graph as notes: a page for every subject, with its facts, tables and links. "
    "What you change there comes home with: registry import logseq."
)
LICENCE = (
    "MIT; what claims quote belongs to their sources, which each claim names. Imported pages are their authors'."
)

PROFILES = ("ontologyblock", "page-properties")
"""Facts in bullets below `### OntologyBlock`, as the source pages have them; or in the head of the page."""

FLAVOURS = ("logseq", "obsidian")
"""Properties as `key:: value`, or as YAML front matter."""
