"""What the ``vidcap`` command is given: a module of options for each subcommand."""
