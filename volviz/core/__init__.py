"""Values: frozen, immutable, numpy only."""
