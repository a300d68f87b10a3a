"""Encoders and decoders as torch modules."""
