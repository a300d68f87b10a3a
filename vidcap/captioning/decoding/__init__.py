"""Decode sentences from a network: vocabulary, beam search, constraints, rescoring."""
