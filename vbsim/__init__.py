"""vbsim: Monte Carlo risk simulation for value-based-care payment contracts.

The verbs, each taking the noun before it: :func:`load` → :func:`resolve` → :func:`simulate` →
:func:`settle` → :func:`measure`; :func:`run` does them all and writes a report.
A portfolio of many entities has :func:`load_portfolio` and :func:`run_portfolio`.

Names are imported on first use, so that ``import vbsim`` stays quick.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vbsim.errors import (
        CapacityError,
        ClusterError,
        ParameterError,
        RuleError,
        RunFolderError,
        ScenarioError,
        VbsimError,
    )
    from vbsim.measures import measure
    from vbsim.plan import Plan
    from vbsim.portfolio import load_portfolio
    from vbsim.run import Run, run
    from vbsim.run_portfolio import PortfolioRun, run_portfolio
    from vbsim.scenario.load import load
    from vbsim.scenario.resolve import resolve
    from vbsim.scenario.schema import Scenario
    from vbsim.settle import settle
    from vbsim.simulate import simulate

_HOMES = {
    "CapacityError": "errors",
    "ClusterError": "errors",
    "ParameterError": "errors",
    "Plan": "plan",
    "PortfolioRun": "run_portfolio",
    "RuleError": "errors",
    "Run": "run",
    "RunFolderError": "errors",
    "Scenario": "scenario.schema",
    "ScenarioError": "errors",
    "VbsimError": "errors",
    "load": "scenario.load",
    "load_portfolio": "portfolio",
    "measure": "measures",
    "resolve": "scenario.resolve",
    "run": "run",
    "run_portfolio": "run_portfolio",
    "settle": "settle",
    "simulate": "simulate",
}
__all__ = [
    "CapacityError",
    "ClusterError",
    "ParameterError",
    "Plan",
    "PortfolioRun",
    "RuleError",
    "Run",
    "RunFolderError",
    "Scenario",
    "ScenarioError",
    "VbsimError",
    "load",
    "load_portfolio",
    "measure",
    "resolve",
    "run",
    "run_portfolio",
    "settle",
    "simulate",
]


class _Package(ModuleType):
    """The package itself: a verb and the module it lives in share a name, and the verb wins."""

    def __setattr__(self, name: str, value: object) -> None:
        """Ignore the import system when it binds a submodule over a verb."""
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        """Import a public name from its home, once."""
        if name not in _HOMES:
            raise AttributeError(f"module 'vbsim' has no attribute '{name}'")
        value = getattr(import_module(f"vbsim.{_HOMES[name]}"), name)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        """Public names."""
        return __all__


sys.modules[__name__].__class__ = _Package
