"""Where tools come from: configured path, PATH, wheel, pinned Go build; versions; doctor."""
