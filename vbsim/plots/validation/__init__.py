"""Figures of a validation: what :func:`vbsim.validation.validate` found in, Axes out."""

from __future__ import annotations

from vbsim.plots import Illustration

VALIDATION_FIGURES = {
    "tolerances": Illustration(
        "validation.tolerances",
        "Each mark is one computed target. Inside the shaded band vbsim's figure lies within the "
        "tolerance; at 0 it is the published figure, or the middle of the published range. Marks "
        "beyond 3 tolerances stand at the edge.",
    ),
    "tornado": Illustration(
        "validation.tornado",
        "How the answer changes when one UNVERIFIED figure is moved to the end of its range "
        "(figures whose source states none: by a fifth, or to another distribution family), the "
        "same random numbers in all runs. Blue: the lower end; orange: the upper end, or the other "
        "family; thin lines: 2 standard errors of the change, so that a bar shorter than its line "
        "may be nothing; what a pilot drawn anew moves is not in it. The hatched bars are no "
        "UNVERIFIED figure but the prior of true savings, for comparison; where they leave the "
        "panel the number tells their length.",
    ),
}
