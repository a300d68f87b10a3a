"""Captioned pictures in, a checkpoint out."""
