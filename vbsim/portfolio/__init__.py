"""Portfolios: many contracting entities that share the nation's years and nothing else."""

from vbsim.portfolio.entities import Portfolio, entities_of, load_portfolio
from vbsim.portfolio.measure import PortfolioSummary, measure_portfolio
from vbsim.portfolio.plans import PortfolioPlan, resolve_portfolio
from vbsim.portfolio.simulate import simulate_portfolio

__all__ = [
    "Portfolio",
    "PortfolioPlan",
    "PortfolioSummary",
    "entities_of",
    "load_portfolio",
    "measure_portfolio",
    "resolve_portfolio",
    "simulate_portfolio",
]
