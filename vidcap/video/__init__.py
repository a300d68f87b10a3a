"""Reading video: a file in, frames with their true times and a closing status out."""
