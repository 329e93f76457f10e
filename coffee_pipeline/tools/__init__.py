"""One module per tool: how it is called and how its output is read. Nothing here runs anything."""
