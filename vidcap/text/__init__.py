"""What every stage may use on words: tokens, caption metrics, likeness of sentences."""
