"""Logseq pages: read as Logseq reads them, kept byte for byte, changed line by line, written in its normal form."""
