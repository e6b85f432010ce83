"""Everything that leaves the hub over HTTP passes here: guarded, bounded, and never retried in silence."""
