"""What the ``vidcap`` command does, a module for each subcommand."""
