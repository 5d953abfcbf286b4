"""Portfolios: many contracting entities that share the nation's years and nothing else."""
