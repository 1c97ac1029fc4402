"""Every setting once, settings files, and the registry of named parts."""
