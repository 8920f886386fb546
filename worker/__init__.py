"""The engine process: holds packs in memory, compares and embeds."""
