"""Text tools that every stage may use: tokens, n-grams, similarity."""
