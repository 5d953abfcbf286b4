"""Risk measures of a contract's net result, each with its Monte Carlo standard error.

``catalogue`` defines the measures on arrays, ``precision`` says how well an estimate is known, and
``labelled`` applies both to labelled arrays.
"""

from vbsim.measures.catalogue import MEASURES, Measure
from vbsim.measures.labelled import measure_array, paired_difference
from vbsim.measures.precision import Estimate, difference, interval
from vbsim.measures.summary import measure

__all__ = [
    "MEASURES",
    "Estimate",
    "Measure",
    "difference",
    "interval",
    "measure",
    "measure_array",
    "paired_difference",
]
