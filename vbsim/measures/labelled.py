"""The labelled door: measures of every series in a labelled array of net results."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import xarray as xr

from vbsim.errors import did_you_mean
from vbsim.measures.catalogue import MEASURES, Measure
from vbsim.measures.precision import Design, Estimate, FloatArray, Sample, difference, sample_of
from vbsim.measures.series import each_series


def measure_array(
    net: xr.DataArray,
    measures: Iterable[Measure | str] | None = None,
    dim: str = "realization",
    design: Design | None = None,
) -> xr.Dataset:
    """Measures of every series along one dimension, with their standard errors.

    Parameters
    ----------
    net
        Signed net result [USD], positive = money to the party.
    measures
        Measures or keys of the catalogue; the whole catalogue if None.
    dim
        Dimension of the realizations.
    design
        How the realizations hang together; ``None`` where they are independent.

    Returns
    -------
    xr.Dataset
        ``value`` and ``standard_error`` over the other dimensions of ``net`` and, last,
        ``measure``; the coordinate ``unit`` gives the unit of each measure.

    Raises
    ------
    ValueError
        If a net result is missing or infinite, or a dimension or measure is unknown.
    """
    _check_dims(net, dim)
    chosen = _chosen(measures)
    frame = net.isel({dim: 0}, drop=True)
    found = np.empty((*frame.shape, len(chosen), 2))
    for index, values in each_series(net, dim):
        sample = _sample(values, frame, index, design)
        for number, measure in enumerate(chosen):
            found[(*index, number)] = _pair(measure(sample))
    return _dataset(frame, found, chosen, "risk measure")


def paired_difference(
    net: xr.DataArray,
    reference: object,
    dim: str = "realization",
    along: str = "contract",
    measures: Iterable[Measure | str] | None = None,
    design: Design | None = None,
) -> xr.Dataset:
    """Difference of every measure from a reference contract on the same realizations.

    Parameters
    ----------
    net
        Signed net result [USD], positive = money to the party.
    reference
        Label along ``along`` of the contract to compare with.
    dim
        Dimension of the realizations.
    along
        Dimension of the contracts.
    measures
        Measures or keys of the catalogue; the whole catalogue if None.
    design
        How the realizations hang together; ``None`` where they are independent.

    Returns
    -------
    xr.Dataset
        ``value`` (contract minus reference) and its paired ``standard_error``, over the dimensions
        of ``net`` without ``dim`` and, last, ``measure``.

    Raises
    ------
    ValueError
        If a net result is missing or infinite, or a dimension, label or measure is unknown.
    """
    _check_dims(net, dim, along)
    chosen = _chosen(measures)
    base = _position(net, along, reference)
    frame = net.isel({dim: 0}, drop=True).transpose(..., along)
    references = each_series(net.isel({along: base}), dim)
    found = np.empty((*frame.shape, len(chosen), 2))
    for index, values in each_series(net, dim, last=along):
        if index[-1] == 0:
            other = _sample(next(references)[1], frame, (*index[:-1], base), design)
        sample = other if index[-1] == base else _sample(values, frame, index, design)
        for number, measure in enumerate(chosen):
            found[(*index, number)] = _difference(measure, sample, other)
    text = f"difference from {along} {reference} in the risk measure"
    labelled = _dataset(frame, found, chosen, text)
    rest = [name for name in net.dims if name != dim]
    return labelled.transpose(*rest, "measure")


def _check_dims(net: xr.DataArray, *dims: str) -> None:
    for dim in dims:
        if dim not in net.dims:
            raise ValueError(
                f"net result has no dimension '{dim}'; {did_you_mean(dim, map(str, net.dims))}"
            )


def _chosen(measures: Iterable[Measure | str] | None) -> list[Measure]:
    """Measures to compute, keys looked up in the catalogue."""
    if measures is None:
        return list(MEASURES.values())
    if isinstance(measures, str):
        raise ValueError(f"measures is the text '{measures}'; expected a list: ['{measures}']")
    return [_looked_up(measure) for measure in measures]


def _looked_up(measure: Measure | str) -> Measure:
    if isinstance(measure, Measure):
        return measure
    if measure not in MEASURES:
        raise ValueError(f"no measure is called '{measure}'; {did_you_mean(measure, MEASURES)}")
    return MEASURES[measure]


def _position(net: xr.DataArray, along: str, reference: object) -> int:
    """Position of the reference label along its dimension."""
    names = net[along].values.tolist()
    if reference not in names:
        known = did_you_mean(str(reference), map(str, names))
        raise ValueError(f"no {along} is called '{reference}'; {known}")
    return int(names.index(reference))


def _sample(
    values: FloatArray, frame: xr.DataArray, index: tuple[int, ...], design: Design | None
) -> Sample:
    """Sample of one series; an error names its place."""
    try:
        return sample_of(values, design)
    except ValueError as error:
        raise ValueError(f"{_where(frame, index)}{error}") from error


def _where(frame: xr.DataArray, index: tuple[int, ...]) -> str:
    """Labels of a position, to open an error message."""
    labels = [f"{dim} {frame[dim].values[at]}" for dim, at in zip(frame.dims, index, strict=True)]
    return ", ".join(labels) + ": " if labels else ""


def _pair(estimate: Estimate) -> tuple[float, float]:
    return estimate.value, estimate.standard_error


def _difference(measure: Measure, sample: Sample, reference: Sample) -> tuple[float, float]:
    """Value and standard error of the difference from the reference sample."""
    # Estimates hold a number per realization, so none is kept for the next contract.
    estimate = measure(sample)
    return _pair(difference(estimate, estimate if sample is reference else measure(reference)))


def _dataset(
    frame: xr.DataArray, found: FloatArray, chosen: list[Measure], text: str
) -> xr.Dataset:
    """Label the found values and errors with the coordinates of ``frame`` and the measures."""
    dims = (*frame.dims, "measure")
    name = frame.attrs.get("long_name", frame.name or "net result")
    units = "measure dependent: USD or 1, see coordinate unit"
    value = (dims, found[..., 0], {"units": units, "long_name": f"{text} of the {name}"})
    error = (dims, found[..., 1], {"units": units, "long_name": f"standard error of the {text}"})
    return xr.Dataset(
        {"value": value, "standard_error": error},
        coords={**frame.coords, **measure_coordinates(chosen)},
    )


def measure_coordinates(
    chosen: list[Measure], dim: str = "measure"
) -> dict[str, tuple[str, list[str], dict[str, str]]]:
    """Coordinates along a dimension of measures: key, unit and label.

    Unit and label are called ``unit`` and ``label`` along ``measure``, else after the dimension.
    """
    before = "" if dim == "measure" else f"{dim}_"
    columns = {
        dim: ([measure.key for measure in chosen], "risk measure"),
        f"{before}unit": ([measure.unit for measure in chosen], "unit of the measure"),
        f"{before}label": ([measure.label for measure in chosen], "name of the measure"),
    }
    return {
        name: (dim, entries, {"units": "1", "long_name": text})
        for name, (entries, text) in columns.items()
    }
