"""Pictures in, sentences out: encoder, decoder, beam search, checkpoint and run times."""
