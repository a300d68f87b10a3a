"""Scenes and sound to a description that is spoken: gaps, choice, voices, fitting, mixing."""
