"""The formats in which captioned pictures are published, one module each (see docs/data.md)."""
