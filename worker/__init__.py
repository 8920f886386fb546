"""The processes that do the work: engine workers that hold packs, and the courier that keeps house."""
