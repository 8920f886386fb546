"""The headers of the formats, one module each: what an image declares, read without a decoder."""
