"""Engines: from a Plan and systematic factors to the sums over all members of a realization."""
