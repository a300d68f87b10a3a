"""The page: drop a video, watch it described."""
