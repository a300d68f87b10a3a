"""Other people's captioners behind vidcap's protocol."""
