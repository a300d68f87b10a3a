"""Score captions: BLEU, CIDEr-D, METEOR and bootstrap intervals."""
